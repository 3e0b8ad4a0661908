/*
 * hold.h - locks between daemons: files that only one machine at a time may write, and the end of a
 * daemon.
 */
#ifndef FS_HOLD_H
#define FS_HOLD_H

/**
 * hold_file() - no other machine can hold the file of @fd until it is closed. A daemon that was
 * unmounted a moment ago may still be writing its last line, so this waits up to two seconds. 0, or
 * -EBUSY. A file system without locks holds nothing.
 */
int hold_file(int fd);

/** hold_mountpoint() - before the mount: hold_wait() of @dir waits for the end of this process. */
void hold_mountpoint(const char *dir);

/** hold_wait() - after the unmount: until its daemon has ended, ten seconds at the most. */
void hold_wait(const char *dir);

/** hold_try() - can the file at @path be held now? 0, -EBUSY or the error of opening it. */
int hold_try(const char *path);

#endif
