/* Bytes as C strings on one line, and back. */
#include <errno.h>
#include <string.h>

#include "fs/quote.h"
#include "tests/tap.h"

static void quotes(const char *bytes, size_t size, const char *want)
{
	struct text quoted, back;
	const char *p;

	text_init(&quoted);
	text_init(&back);
	quote_bytes(&quoted, bytes, size);
	text_char(&quoted, '\0');
	is_str(quoted.data, want, "%s", want);
	p = quoted.data;
	is_err(unquote(&p, quoted.data + quoted.length - 1, &back), 0, "and back");
	is_uint(back.length, size, "as many bytes");
	is_mem(back.data, bytes, size, "the same ones");
	text_free(&quoted);
	text_free(&back);
}

static void refuses(const char *quoted)
{
	const char *p = quoted;
	struct text out;

	text_init(&out);
	is_err(unquote(&p, quoted + strlen(quoted), &out), -EINVAL, "%s is refused",
	       *quoted ? quoted : "(nothing)");
	text_free(&out);
}

static void test_paths(void)
{
	struct text t;
	const char *p;

	text_init(&t);
	quote_path(&t, "proc/sys/vm/swappiness");
	text_char(&t, ' ');
	quote_path(&t, "sim/procs/a b");
	text_char(&t, ' ');
	quote_path(&t, "");
	text_char(&t, '\0');
	is_str(t.data, "proc/sys/vm/swappiness \"sim/procs/a b\" \"\"",
	       "paths are quoted where they must be");
	p = t.data;
	while (p < t.data + t.length - 1) {
		struct text word;

		text_init(&word);
		is_err(unquote(&p, t.data + t.length - 1, &word), 0, "word by word they are read");
		text_free(&word);
	}
	text_free(&t);
}

int main(void)
{
	char all[256];
	struct text t, back;
	const char *p;
	int i;

	quotes("", 0, "\"\"");
	quotes("10\n", 3, "\"10\\n\"");
	quotes("a\tb \"c\" \\", 9, "\"a\\tb \\\"c\\\" \\\\\"");
	quotes("\0\x7f\xff", 3, "\"\\x00\\x7f\\xff\"");
	for (i = 0; i < 256; i++)
		all[i] = (char)i;
	text_init(&t);
	text_init(&back);
	quote_bytes(&t, all, sizeof(all));
	ok(!memchr(t.data, '\n', t.length), "all 256 bytes fit on one line");
	p = t.data;
	is_err(unquote(&p, t.data + t.length, &back), 0, "and can be read");
	is_mem(back.data, all, sizeof(all), "as they were");
	text_free(&t);
	text_free(&back);
	refuses("");
	refuses("\"open");
	refuses("\"\\q\"");
	refuses("\"\\x4\"");
	refuses("\"\\xGG\"");
	refuses("\"a\"b");
	refuses("\"\\");
	test_paths();
	return done_testing();
}
