#!/bin/bash
# exec-bridge.t by an ordinary user, on a machine that he mounted himself.
exec "$(dirname "$0")/as-user" exec-bridge.t
