//! A program that is killed at a chosen moment: when it is about to do its nth write, in the middle of that write.
//!
//! The program stays as it is. A library of a few lines stands between it and the system's calls that write and sync, to
//! SQLite's files or to PostgreSQL's socket. How many are left to it stands in a file that the program has in its memory,
//! so its doom can be decided while it runs. The library is made with the C compiler that every build here links with.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* How many are left (0: any number), how many were done, the port that counts (0: files of SQLite). */
static volatile long *book;

__attribute__((constructor)) static void find_book(void) {
    int file = open(getenv("DOOM_BOOK"), O_RDWR | O_CLOEXEC);
    book = mmap(0, 3 * sizeof *book, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (book == MAP_FAILED) abort();
    close(file);
}

static int counts(int file) {
    if (!book) return 0;
    if (book[2]) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (getpeername(file, (struct sockaddr *)&peer, &size) || peer.sin_family != AF_INET) return 0;
        return ntohs(peer.sin_port) == book[2];
    }
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strstr(path, ".sqlite") != 0;
}

static int last(int file) {
    if (!counts(file)) return 0;
    __sync_add_and_fetch(&book[1], 1);
    return book[0] > 0 && __sync_sub_and_fetch(&book[0], 1) == 0;
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

ssize_t write(int file, const void *bytes, size_t size) {
    if (last(file)) syscall(SYS_write, file, bytes, size / 2), die();
    return syscall(SYS_write, file, bytes, size);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    if (last(file)) syscall(SYS_pwrite64, file, bytes, size / 2, at), die();
    return syscall(SYS_pwrite64, file, bytes, size, at);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { return pwrite64(file, bytes, size, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (last(file)) syscall(SYS_write, file, parts[0].iov_base, parts[0].iov_len / 2), die();
    return syscall(SYS_writev, file, parts, count);
}

ssize_t sendto(int file, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t room) {
    if (last(file)) syscall(SYS_sendto, file, bytes, size / 2, flags, to, room), die();
    return syscall(SYS_sendto, file, bytes, size, flags, to, room);
}

ssize_t send(int file, const void *bytes, size_t size, int flags) { return sendto(file, bytes, size, flags, 0, 0); }

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    if (last(file)) die();
    return syscall(SYS_sendmsg, file, message, flags);
}

int fdatasync(int file) {
    if (last(file)) die();
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    if (last(file)) die();
    return (int)syscall(SYS_fsync, file);
}

int ftruncate64(int file, off64_t size) {
    if (last(file)) die();
    return (int)syscall(SYS_ftruncate, file, size);
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }
"#;

/// Which writes count.
#[derive(Clone, Copy, Debug)]
pub enum Writes {
    /// To SQLite's files.
    Files,
    /// To a server on this port.
    Port(u16),
}

/// The book in which a program's writes are counted, and its last one is set down.
#[derive(Debug)]
pub struct Doom {
    library: PathBuf,
    path: PathBuf,
    book: File,
}

impl Doom {
    /// Opens a book in a folder. Nothing happens until [`Doom::at`].
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn new(folder: &Path, writes: Writes) -> Result<Self, String> {
        let (source, library, path) = (folder.join("doom.c"), folder.join("doom.so"), folder.join("doom.book"));
        std::fs::write(&source, SOURCE).unwrap();
        let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).output();
        let made = made.map_err(|error| format!("there is no C compiler: {error}"))?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let book = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let doom = Self { library, path, book };
        let port = match writes {
            Writes::Files => 0,
            Writes::Port(port) => i64::from(port),
        };
        doom.put(2, port);
        doom.never();
        Ok(doom)
    }

    fn put(&self, place: u64, value: i64) {
        self.book.write_all_at(&value.to_ne_bytes(), place * 8).unwrap();
    }

    /// Counts anew, and kills in the nth write from now on.
    pub fn at(&self, nth: u64) {
        self.put(1, 0);
        self.put(0, i64::try_from(nth).unwrap());
    }

    /// Counts anew, and lets the program live.
    pub fn never(&self) {
        self.at(0);
    }

    /// Writes counted since.
    pub fn seen(&self) -> u64 {
        let mut bytes = [0; 8];
        self.book.read_exact_at(&mut bytes, 8).unwrap();
        u64::try_from(i64::from_ne_bytes(bytes)).unwrap()
    }

    /// Puts a command under it.
    pub fn rule(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("DOOM_BOOK", &self.path);
    }
}
