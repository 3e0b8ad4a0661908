/* PID/maps: one line for each mapping; smaps begins its paragraphs with the same line. */
#include "fs/proc/pid.h"

#include <errno.h>
#include <string.h>

#define NAME_COLUMN 73u

handle_t pid_vma_first(const struct machine *m, const struct task *t)
{
	return t->mm ? mm_at(m, t->mm)->vma_first : 0;
}

/* What a mapping is called where it has no file: "[heap]" and the like, or NULL. */
static const char *pid_vma_label(const struct machine *m, const struct vma *v)
{
	switch (vma_kind(m, v)) {
	case VMA_HEAP:
		return "[heap]";
	case VMA_STACK:
		return "[stack]";
	case VMA_VDSO:
		return "[vdso]";
	case VMA_VVAR:
		return "[vvar]";
	default:
		return NULL;
	}
}

void text_escaped(struct text *out, const char *path, const char *escape)
{
	for (; *path; path++) {
		u8 c = (u8)*path;

		if (!strchr(escape, c)) {
			text_char(out, (char)c);
			continue;
		}
		text_char(out, '\\');
		text_char(out, (char)('0' + (c >> 6)));
		text_char(out, (char)('0' + (c >> 3 & 7)));
		text_char(out, (char)('0' + (c & 7)));
	}
}

static void show_range(const struct vma *v, struct text *out)
{
	text_hex(out, v->start, 8);
	text_char(out, '-');
	text_hex(out, v->end, 8);
	text_char(out, ' ');
	text_char(out, v->flags & VM_READ ? 'r' : '-');
	text_char(out, v->flags & VM_WRITE ? 'w' : '-');
	text_char(out, v->flags & VM_EXEC ? 'x' : '-');
	text_char(out, v->flags & VM_MAYSHARE ? 's' : 'p');
	text_char(out, ' ');
}

void pid_vma_line(struct machine *m, const struct vma *v, struct text *out)
{
	const struct inode *inode = v->file ? inode_at(m, file_at(m, v->file)->inode) : NULL;
	const char *name = inode ? inode_path(m, file_at(m, v->file)->inode) : pid_vma_label(m, v);
	size_t start = out->length;

	show_range(v, out);
	text_hex(out, inode ? v->pgoff << PAGE_SHIFT : 0, 8);
	text_char(out, ' ');
	text_hex(out, inode ? inode->dev_major : 0, 2);
	text_char(out, ':');
	text_hex(out, inode ? inode->dev_minor : 0, 2);
	text_char(out, ' ');
	text_u64(out, inode ? inode->ino : 0);
	text_char(out, ' ');

	if (name) {
		/* a long line has one blank more before the name, however far it reaches */
		text_fill(out, ' ',
			  out->length - start < NAME_COLUMN - 1 ?
				  NAME_COLUMN - (out->length - start) :
				  1);
		text_escaped(out, name, "\n");
		if (inode && inode->deleted)
			text_str(out, " (deleted)");
	}
	text_char(out, '\n');
}

int pid_maps_show(const struct request *rq, struct text *out)
{
	PID_RQ(rq, t);
	struct pid_walk w;
	handle_t v;

	for (v = pid_walk_begin(&w, rq->m, t); v; v = pid_walk_next(&w, v))
		pid_vma_line(rq->m, vma_at(rq->m, v), out);
	return w.error;
}
