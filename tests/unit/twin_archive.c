/*
 * A capture's file: written, read back, and what hostile, torn and damaged ones come to. Nothing
 * but a file in the test's own folder is ever written, whatever an archive says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "fs/twin/archive.h"
#include "fs/twin/capture.h"
#include "fs/twin/twin.h"
#include "tests/draw.h"
#include "tests/tap.h"
#include "tests/twin_host.h"

#ifndef ROUNDS
#define ROUNDS 3000
#endif

#define BLOCK 512u

static char folder[] = "/tmp/mmanfs-archive.XXXXXX";
static char file[64];

/* ---- archives made by hand ---- */

struct member {
	const char *name;
	char type;
	const char *text, *link;
	u64 size; /* claimed, if not that of the text */
};

static void put_tar_header(struct text *tar, const struct member *m, u64 size)
{
	char block[BLOCK] = { 0 };
	unsigned int i, sum = 0;

	snprintf(block, 100, "%s", m->name);
	snprintf(block + 100, 8, "0000644");
	if (size >> 33) {
		block[124] = (char)0x80;
		for (i = 0; i < 8; i++)
			block[135 - i] = (char)(size >> (8 * i));
	} else {
		snprintf(block + 124, 12, "%011llo", (unsigned long long)size);
	}
	block[156] = m->type;
	snprintf(block + 157, 100, "%s", m->link ? m->link : "");
	snprintf(block + 257, 6, "ustar");
	block[263] = block[264] = '0';
	memset(block + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 7, "%06o", sum);
	text_mem(tar, block, BLOCK);
}

static void put_member(struct text *tar, const struct member *m)
{
	size_t n = m->text ? strlen(m->text) : 0;

	put_tar_header(tar, m, m->size ? m->size : n);
	text_mem(tar, m->text, n);
	text_fill(tar, '\0', (BLOCK - n % BLOCK) % BLOCK);
}

static void put_file(const void *bytes, size_t size)
{
	FILE *f = fopen(file, "w");

	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f))
		bail_out("%s cannot be written", file);
}

/* What loading the file says; "" and the capture in @out if it was taken. */
static const char *load(struct text *out)
{
	static char said[4096];
	FILE *err = fmemopen(said, sizeof(said) - 1, "w");
	int error;

	memset(said, 0, sizeof(said));
	text_reset(out);
	error = twin_capture_load(file, out, err);
	fclose(err);
	if (error && !*said)
		snprintf(said, sizeof(said), "silently: %s", strerror(-error));
	return said;
}

/* What it says of an archive of some members, without the file's name. */
static const char *said_of(const struct member *m, size_t nr, struct text *out)
{
	struct text tar;
	const char *said, *name;

	text_init(&tar);
	while (nr--)
		put_member(&tar, m++);
	text_fill(&tar, '\0', (size_t)2 * BLOCK);
	put_file(tar.data, tar.length);
	text_free(&tar);
	said = load(out);
	name = strstr(said, file);
	return name ? name + strlen(file) + 2 : said;
}

#define ABOUT                                                   \
	{                                                       \
		"capture", '0', "# mmanfs capture 1\n", NULL, 0 \
	}
#define SAID_OF(...)                                    \
	said_of((const struct member[]){ __VA_ARGS__ }, \
		ARRAY_SIZE(((const struct member[]){ __VA_ARGS__ })), &out)

static void test_hostile(void)
{
	struct text out;
	char long_name[2000];
	struct stat st;

	text_init(&out);
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	is_str(SAID_OF(ABOUT, { "../x", '0', "a", NULL, 0 }),
	       "'../x': a name that leads out of the archive\n", "a name that leads out");
	is_str(SAID_OF(ABOUT, { "proc/../../x", '0', "a", NULL, 0 }),
	       "'proc/../../x': a name that leads out of the archive\n", "in its middle");
	is_str(SAID_OF(ABOUT, { "/etc/passwd", '0', "a", NULL, 0 }),
	       "'/etc/passwd': a name that leads out of the archive\n", "an absolute name");
	is_str(SAID_OF(ABOUT, { "proc/x", '0', "a", NULL, 0 }, { "proc/x", '0', "b", NULL, 0 }),
	       "proc/x is there twice\n", "a name twice");
	is_str(SAID_OF(ABOUT, { "proc/x", '0', "a", NULL, 2u << 30 }),
	       "proc/x: 2147483648 bytes are more than a capture has\n",
	       "a size beyond all measure");
	is_str(SAID_OF(ABOUT, { "proc/x", '0', "a", NULL, (u64)1 << 62 }),
	       "proc/x: 4611686018427387904 bytes are more than a capture has\n",
	       "one that needs more than 33 bits");
	is_str(SAID_OF(ABOUT, { "proc/x", '0', "a", NULL, 1000000 }),
	       "the file is torn: it ends in proc/x\n", "a size that the file does not have");
	is_str(SAID_OF(ABOUT, { "././@LongLink", 'L', long_name, NULL, 0 }),
	       "a name of 1999 bytes\n", "a name without end");
	is_str(SAID_OF(ABOUT, { "h", 'x', "999 path=a\n", NULL, 0 }),
	       "an extended header that cannot be read\n", "a pax header that lies about itself");
	is_str(SAID_OF(ABOUT, { "h", 'x', "11 path=../\n", NULL, 0 }),
	       "an extended header that cannot be read\n", "or counts itself short");
	is_str(SAID_OF(ABOUT, { "h", 'x', "12 path=../\n", NULL, 0 }, { "a", '0', "b", NULL, 0 }),
	       "'../': a name that leads out of the archive\n", "or leads out");
	like(SAID_OF(ABOUT, { "dev/sda", '4', NULL, NULL, 0 }, { "dev/p", '6', NULL, NULL, 0 },
		     { "a b", '0', "text", NULL, 0 }, { "hard", '1', NULL, "/etc/passwd", 0 }),
	     "^4 members that no capture has are left out: dev/sda, dev/p, a.b, [.]{3}",
	     "devices, pipes, hard links, names with blanks");
	ok(!memmem(out.data, out.length, "sda", 3) && !memmem(out.data, out.length, "hard", 4),
	   "which are left out");
	ok(stat("/tmp/dev", &st) && stat("/tmp/x", &st), "nothing was unpacked anywhere");
	is_str(SAID_OF({ "capture", '0', "# mmanfs capture 9\n", NULL, 0 }),
	       "its member 'capture' does not begin with '# mmanfs capture 1': the capture of another "
	       "version of mmanfs?\n",
	       "another version");
	is_str(SAID_OF({ "etc/passwd", '0', "root", NULL, 0 }),
	       "an archive without 'capture' and without proc/zoneinfo\n", "another archive");
	like(SAID_OF({ "proc/zoneinfo", '0', "", NULL, 0 }), "taken for an archive of copies",
	     "copies of /proc and /sys");
	text_free(&out);
}

/* Links that tar kept as links say where they lead. */
static void test_raw(void)
{
	struct text out;

	text_init(&out);
	SAID_OF({ "./capture", '0', "# mmanfs capture 1 raw\nmissing /proc/slabinfo no\n", NULL,
		  0 },
		{ "./proc/7/", '5', NULL, NULL, 0 },
		{ "./proc/7/exe", '2', NULL, "/usr/bin/seven", 0 },
		{ "./proc/7/stat", '0', "7 (seven) S 1 7 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 1 0\n",
		  NULL, 0 },
		{ "./proc/7/status", '0', "Name:\tseven\n", NULL, 0 },
		{ "./proc/7/smaps", '0', "", NULL, 0 });
	text_char(&out, '\0');
	like(out.data, "file /proc/7/exe 14\n/usr/bin/seven\n", "a link's target is kept");
	like(out.data, "missing /proc/slabinfo Permission denied\n", "what was missing is missing");
	text_free(&out);
}

/* ---- written and read ---- */

static void make_capture(struct text *capture)
{
	struct text deep;

	capture_start(capture, NULL);
	capture_process(capture, 1, 0, "init",
			"00400000-00402000 r-xp 00000000 fe:01 77 /bin/init\n");
	capture_kthread(capture, 2, "kthreadd");
	capture_task(capture, 40, 1, "child", 'S', 0, "");
	text_init(&deep);
	text_str(&deep, "/sys/fs/cgroup");
	text_fill(&deep, '/', 1);
	text_fill(&deep, 'd', 200);
	text_str(&deep, "/cpu.max");
	text_char(&deep, '\0');
	capture_file(capture, deep.data, "a name of more than 100 bytes\n");
	text_free(&deep);
	text_str(capture, "missing /proc/slabinfo Permission denied\nended 3\n");
}

static void test_round_trip(void)
{
	struct text capture, out;
	FILE *err = fopen("/dev/null", "w");
	const char *said;

	make_capture(&capture);
	text_init(&out);
	is_err(twin_capture_save(capture.data, capture.length, file, err), 0,
	       "a capture is written");
	said = load(&out);
	ok(out.length == capture.length && !memcmp(out.data, capture.data, out.length),
	   "and reads back as it was, to the byte");
	like(said, "not read: /proc/slabinfo: Permission denied\n", "with what was missing");
	is_err(twin_capture_save(capture.data, capture.length, "/nonexistent/x", err), -ENOENT,
	       "no such folder");
	is_err(twin_capture_save("nonsense\n", 9, file, err), -EINVAL,
	       "what is no capture is not written");
	is_err(twin_capture_save(capture.data, capture.length, "/dev/full", err), -ENOSPC,
	       "a full disk is told");
	fclose(err);
	text_free(&out);
	text_free(&capture);
}

/* ---- torn and damaged ---- */

static size_t read_back(char *to, size_t max)
{
	FILE *f = fopen(file, "r");
	size_t n = f ? fread(to, 1, max, f) : 0;

	if (f)
		fclose(f);
	return n;
}

static void test_torn(void)
{
	static char bytes[1 << 16];
	struct text capture, out;
	size_t size, cut;
	int taken = 0, silent = 0;

	make_capture(&capture);
	text_init(&out);
	twin_capture_save(capture.data, capture.length, file, NULL);
	size = read_back(bytes, sizeof(bytes));
	for (cut = 1; cut < size; cut += 1 + size / 300) {
		const char *said;

		put_file(bytes, size - cut);
		said = load(&out);
		taken += out.length == capture.length && !strstr(said, "torn");
		if (!strstr(said, "mmanfs: ") || !strchr(said, '\n'))
			silent++, diag("without %zu bytes: %s", cut, said);
	}
	is_int(taken, 0, "an archive that is cut anywhere is not taken");
	is_int(silent, 0, "and a line says so");
	text_free(&out);
	text_free(&capture);
}

/* The sum of a block's bytes, put right: so that changes get past it. */
static void mend(char *block)
{
	unsigned int sum = 0, i;

	memset(block + 148, ' ', 8);
	for (i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 7, "%06o", sum & 0777777);
	block[155] = ' ';
}

/* Bytes changed by a seeded rule in the archive, most of them in its headers: whatever comes of it
 * is a capture or a refusal with a line, and a capture is one that can be taken apart, made
 * nameless and saved again. */
static void test_mutations(void)
{
	struct text capture, tar, changed, out, without;
	u64 random = 0x2545f4914f6cdd1dull;
	int round, taken = 0, refused = 0, silent = 0, broken = 0;
	FILE *null = fopen("/dev/null", "w");
	gzFile gz;
	int n;

	make_capture(&capture);
	twin_capture_save(capture.data, capture.length, file, NULL);
	text_init(&tar);
	gz = gzopen(file, "r");
	while ((n = gzread(gz, text_reserve(&tar, 4096), 4096)) > 0)
		tar.length += (size_t)n;
	gzclose(gz);
	text_init(&changed);
	text_init(&out);
	text_init(&without);
	for (round = 0; round < ROUNDS; round++) {
		u64 nr = 1 + draw(&random, 4);
		const char *said;

		text_reset(&changed);
		text_mem(&changed, tar.data, tar.length);
		while (nr--) {
			u64 block = (u64)draw(&random, tar.length / BLOCK) * BLOCK;
			u64 at = draw(&random, nr % 2 ? BLOCK : 160);

			changed.data[block + at] = (char)(draw(&random, 3) ?
								  '0' + draw(&random, 8) :
								  draw(&random, 256));
			if (draw(&random, 4))
				mend(changed.data + block);
		}
		put_file(changed.data, changed.length);
		said = load(&out);
		text_reset(&without);
		if (*said && (!strstr(said, "mmanfs: ") && !strstr(said, "capture:")))
			silent++;
		if (twin_capture_anonymize(out.data, out.length, &without, null)) {
			refused++;
			silent += !*said;
			continue;
		}
		taken++;
		broken += twin_capture_save(without.data, without.length, file, null) != 0;
	}
	is_int(silent, 0, "of %d changed archives none is refused without a word", ROUNDS);
	is_int(broken, 0, "%d are taken and can be saved again, %d are refused", taken, refused);
	cmp_int(taken, >, ROUNDS / 20, "some are taken");
	cmp_int(refused, >, ROUNDS / 20, "some are not");
	fclose(null);
	text_free(&capture);
	text_free(&tar);
	text_free(&changed);
	text_free(&out);
	text_free(&without);
}

/* ---- without names ---- */

static const char *file_of(const struct text *capture, const char *path)
{
	static char text[1024];
	struct capture c;
	struct slice data;

	if (capture_open(&c, capture->data, capture->length, NULL))
		return "no capture";
	capture_find(&c, &data, "%s", path);
	slice_copy(data, text, sizeof(text));
	capture_close(&c);
	return text;
}

static void test_anonymize(void)
{
	struct text capture, out;
	char said[256] = "";
	FILE *err = fmemopen(said, sizeof(said) - 1, "w");

	capture_start(&capture, NULL);
	capture_file(&capture, "/proc/sys/kernel/hostname", "payroll\n");
	capture_file(&capture, "/proc/sys/kernel/core_pattern", "|/opt/payroll/dump %p\n");
	capture_file(&capture, "/proc/sys/vm/swappiness", "10\n");
	capture_file(&capture, "/proc/swaps",
		     "Filename\tType\n/srv/payroll/swap\tfile\t8188\t0\t5\n");
	capture_process(
		&capture, 1, 0, "payroll",
		"00400000-00402000 r-xp 00001000 fe:01 77     /opt/payroll/payroll (deleted)\n"
		"Rss:      8 kB\n"
		"7f0000000000-7f0000100000 rw-s 00000000 00:01 5   /memfd:payroll (deleted)\n"
		"7f0000200000-7f0000300000 rw-p 00000000 00:00 0   [anon:payroll pool]\n"
		"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0   [stack]\n");
	capture_file(&capture, "/proc/1/exe", "/opt/payroll/payroll");
	capture_file(&capture, "/proc/1/cgroup", "0::/system.slice/payroll.service\n");
	capture_file(&capture, "/proc/1/task/9/stat",
		     "9 (wages) S 1 0 0 0 -1 0 1 0 0 0 30 20 0 0 20 0 2 0 400 0\n");
	capture_kthread(&capture, 2, "kswapd0");
	capture_file(&capture, "/proc/2/environ", "SECRET=payroll");
	text_init(&out);
	is_err(twin_capture_anonymize(capture.data, capture.length, &out, err), 0,
	       "names are taken out");
	fclose(err);
	ok(!memmem(out.data, out.length, "payroll", 7) && !memmem(out.data, out.length, "wages", 5),
	   "wherever they stood");
	like(file_of(&out, "/proc/1/stat"), "^1 .n1. S", "a process's name");
	is_str(file_of(&out, "/proc/1/exe"), "/opt/n1/n1",
	       "its program, where parts are called alike");
	is_str(file_of(&out, "/proc/1/smaps"),
	       "00400000-00402000 r-xp 00001000 fe:01 77     /opt/n1/n1 (deleted)\nRss:      8 kB\n"
	       "7f0000000000-7f0000100000 rw-s 00000000 00:01 5   /memfd:n1 (deleted)\n"
	       "7f0000200000-7f0000300000 rw-p 00000000 00:00 0   [anon:n3]\n"
	       "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0   [stack]\n",
	       "its mappings; the kernel's own names stay");
	is_str(file_of(&out, "/proc/1/cmdline"), "n1", "its command line is its name");
	is_str(file_of(&out, "/proc/1/cgroup"), "0::/system.slice/n1.service\n", "its cgroup");
	like(file_of(&out, "/proc/1/task/9/stat"), "^9 .n4. S", "a thread's name");
	like(file_of(&out, "/proc/2/stat"), "^2 .kswapd0. I", "a kernel thread's stays");
	is_str(file_of(&out, "/proc/swaps"), "Filename\tType\n/srv/n1/n2\tfile\t8188\t0\t5\n",
	       "a swap file's name");
	is_str(file_of(&out, "/proc/sys/kernel/hostname"), "host\n", "the host's name");
	is_str(file_of(&out, "/proc/sys/kernel/core_pattern"), "",
	       "settings that are text are left out");
	is_str(file_of(&out, "/proc/sys/vm/swappiness"), "10\n", "numbers stay");
	is_str(said, "mmanfs: 1 files that no rule for names knows are left out: /proc/2/environ\n",
	       "and so are files that nobody knows");
	text_free(&out);
	text_free(&capture);
}

int main(void)
{
	if (!mkdtemp(folder))
		bail_out("no folder");
	snprintf(file, sizeof(file), "%s/capture", folder);
	setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
	test_round_trip();
	test_hostile();
	test_raw();
	test_torn();
	test_mutations();
	test_anonymize();
	unlink(file);
	rmdir(folder);
	return done_testing();
}
