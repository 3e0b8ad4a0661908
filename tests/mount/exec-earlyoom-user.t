#!/bin/bash
# exec-earlyoom.t by an ordinary user, on a machine that he mounted himself.
exec "$(dirname "$0")/as-user" exec-earlyoom.t
