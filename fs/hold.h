/*
 * hold.h - files that only one machine at a time may write.
 */
#ifndef FS_HOLD_H
#define FS_HOLD_H

/**
 * hold_file() - no other machine can hold the file of @fd until it is closed. A daemon that was
 * unmounted a moment ago may still be writing its last line, so this waits up to two seconds. 0, or
 * -EBUSY. A file system without locks holds nothing.
 */
int hold_file(int fd);

/** hold_try() - can the file at @path be held now? 0, -EBUSY or the error of opening it. */
int hold_try(const char *path);

#endif
