#!/bin/bash
# exec-kernel-tools.t by an ordinary user, on a machine that he mounted himself.
exec "$(dirname "$0")/as-user" exec-kernel-tools.t
