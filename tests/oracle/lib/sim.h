/* sim.h - the simulated side: the same steps through the tree, in-process. */
#ifndef ORACLE_SIM_H
#define ORACLE_SIM_H

#include "tests/fixture.h"
#include "tests/oracle/lib/language.h"

/** sim_side() - a side that asks the machine of @f. */
struct side sim_side(struct fixture *f);

#endif
