/* generate.h - cases from tables and a seed: the same seed gives the same bytes. */
#ifndef ORACLE_GENERATE_H
#define ORACLE_GENERATE_H

#include <stdint.h>
#include <stdio.h>

struct draw {
	uint64_t state;
};

/** draw_below() - 0 .. @n - 1. */
uint32_t draw_below(struct draw *d, uint32_t n);

void generate_cases(FILE *out, uint64_t seed);
void generate_writes(FILE *out, struct draw *d); /* generate_writes.c */

#endif
