#!/bin/bash
# The twin's sharing and swap, made by an ordinary user.
exec "$(dirname "$0")/as-user" twin-exact.t
