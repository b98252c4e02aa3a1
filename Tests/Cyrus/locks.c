// POSIX record locks on a whole file, as Cyrus takes them, seen and held by a process of its own.
//
//   locks read FILE      takes a read lock, says `locked`, and keeps it until standard input ends
//   locks write FILE     the same with a write lock
//   locks who FILE       prints who would keep a writer out: `none`, or `read` or `write` and the pid

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: locks read|write|who FILE\n", stderr);
    return 64;
  }
  int descriptor = open(argv[2], O_RDWR | O_CLOEXEC);
  if (descriptor < 0) {
    perror(argv[2]);
    return 1;
  }
  struct flock lock;
  memset(&lock, 0, sizeof lock); // from the start to the end, wherever that is
  lock.l_type = strcmp(argv[1], "read") == 0 ? F_RDLCK : F_WRLCK;
  if (strcmp(argv[1], "who") == 0) {
    if (fcntl(descriptor, F_GETLK, &lock) != 0) {
      perror("fcntl");
      return 1;
    }
    if (lock.l_type == F_UNLCK) puts("none");
    else printf("%s %d\n", lock.l_type == F_RDLCK ? "read" : "write", (int)lock.l_pid);
    return 0;
  }
  if (fcntl(descriptor, F_SETLKW, &lock) != 0) {
    perror("fcntl");
    return 1;
  }
  puts("locked");
  fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}
