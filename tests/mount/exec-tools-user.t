#!/bin/bash
# exec-tools.t by an ordinary user, on a machine that he mounted himself.
exec "$(dirname "$0")/as-user" exec-tools.t
