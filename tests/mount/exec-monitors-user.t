#!/bin/bash
# exec-monitors.t by an ordinary user, on a machine that he mounted himself.
# timeout: 400
exec "$(dirname "$0")/as-user" exec-monitors.t
