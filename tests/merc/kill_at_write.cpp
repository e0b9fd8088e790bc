// Preloaded into idcl-merc by the tests of killed runs and full disks. KILL_AT, "write N" or "rename N": ends the process with SIGKILL in the
// middle of its N-th write to a file, the first half of the bytes written, or in front of its N-th rename. FULL_AT, "write N": from the N-th
// write on the disk is full; the first half of the bytes still fits.
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> counted = 0;

/// How many calls of that kind there have been, up to the one that the variable names: 0 there, below zero before, above it after. Below
/// zero too where the variable names none of that kind.
long beyond(const char* variable, const char* what) {
  const char* at = std::getenv(variable);
  const auto length = std::strlen(what);
  return at && std::strncmp(at, what, length) == 0 ? ++counted - std::atol(at + length) : -1;
}

bool is_due(const char* what) { return beyond("KILL_AT", what) == 0; }

void die() { ::kill(::getpid(), SIGKILL); }

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_file(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && descriptor > 2;
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static auto* real = next<ssize_t(int, const void*, size_t)>("write");
  if (is_file(descriptor) && is_due("write")) {
    real(descriptor, bytes, size / 2);
    die();
  }
  if (const long late = is_file(descriptor) ? beyond("FULL_AT", "write") : -1; late >= 0) {
    if (late == 0 && size > 1) return real(descriptor, bytes, size / 2);
    errno = ENOSPC;
    return -1;
  }
  return real(descriptor, bytes, size);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  static auto* real = next<ssize_t(int, const iovec*, int)>("writev");
  if (is_file(descriptor) && is_due("write")) {
    real(descriptor, parts, count / 2);
    die();
  }
  if (const long late = is_file(descriptor) ? beyond("FULL_AT", "write") : -1; late >= 0) {
    if (late == 0 && count > 1) return real(descriptor, parts, count / 2);
    errno = ENOSPC;
    return -1;
  }
  return real(descriptor, parts, count);
}

int rename(const char* from, const char* to) {
  static auto* real = next<int(const char*, const char*)>("rename");
  if (is_due("rename")) die();
  return real(from, to);
}
}
