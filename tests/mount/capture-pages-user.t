#!/bin/bash
# The script of a capture reads page tables as an ordinary user.
exec "$(dirname "$0")/as-user" capture-pages.t
