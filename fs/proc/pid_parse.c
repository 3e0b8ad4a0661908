/* Numbers written to the files of a process: the families that only proc/PID has. */
#include "fs/proc/pid.h"

#include "fs/parse.h"

ssize_t pid_parse_int(const char *data, size_t size, unsigned int base, s32 *value)
{
	const char *text = data;
	size_t taken = min_t(size_t, size, PID_NUMBER_BYTES), length = taken;
	int error;

	parse_strip(&text, &length);
	error = parse_kstrtoint(text, length, base, value);
	return error ? error : (ssize_t)taken;
}
