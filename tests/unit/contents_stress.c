/* The bytes of memory, through everything that happens to it (bytestress.h). */
#include "tests/bytestress.h"
#include "tests/tap.h"

int main(void)
{
	bytestress_run(&(struct bytestress){
		.machine = "[machine]\nmemory = 128M\n",
		.steps = 30000,
		.seed = 20240607,
		.hog_mib = 100,
	});
	return done_testing();
}
