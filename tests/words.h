/*
 * words.h - what the fuzzers write: values that knobs may take, lines of the control language that
 * are nearly right, and rubbish.
 */
#ifndef TESTS_WORDS_H
#define TESTS_WORDS_H

#include <stddef.h>

#include "tests/draw.h"

/** words_value() - something for a knob; words_command(): a line for a ctl file. At most @size
 * bytes to @buffer; returns how many. */
size_t words_value(u64 *c, char *buffer, size_t size);
size_t words_command(u64 *c, char *buffer, size_t size);
/** words_process(), words_machine() - lines for a process's ctl and for sim/ctl whose words are of
 * the right kinds: most of them are accepted by a process that has regions. */
size_t words_process(u64 *c, char *buffer, size_t size);
size_t words_machine(u64 *c, char *buffer, size_t size);

#endif
