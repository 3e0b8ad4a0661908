/* version.h - of the program; a journal names the one that wrote it. */
#ifndef FS_VERSION_H
#define FS_VERSION_H

#define MMANFS_VERSION "0.1.0"

#endif
