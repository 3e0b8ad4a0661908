/*
 * What must agree between files of the tree, whatever was done to the machine. For the end of every
 * test that has a tree.
 */
#ifndef TESTS_IDENTITIES_H
#define TESTS_IDENTITIES_H

#include "fs/tree.h"

/**
 * check_identities() - one TAP check, named after @when, that all of these hold; each that does not
 * is a comment line:
 *  - zoneinfo, buddyinfo, pagetypeinfo, vmstat and meminfo count the same free pages;
 *  - each counter of vmstat is the sum over nodes or zones of zoneinfo;
 *  - nodeN/meminfo, numastat and vmstat add up to the machine's;
 *  - meminfo's lines are vmstat's, and its sums are right;
 *  - MemTotal is what the zones manage; slabinfo's pages are in Slab; stacks are KernelStack;
 *  - Pss_Anon of all processes is AnonPages; each process's stat, statm, status and smaps agree;
 *  - swaps adds up to SwapTotal and SwapFree; the engine finds no invariant broken.
 */
bool check_identities(struct tree *t, const char *when);

#endif
