// Preloaded into idcl-merc by the test of killed runs: ends the process with SIGKILL in the middle of its N-th write to a file, the first
// half of the bytes written, or in front of its N-th rename. KILL_AT is "write N" or "rename N".
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> counted = 0;

bool is_due(const char* what) {
  const char* at = std::getenv("KILL_AT");
  const auto length = std::strlen(what);
  return at && std::strncmp(at, what, length) == 0 && ++counted == std::atol(at + length);
}

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
  return real(descriptor, bytes, size);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  static auto* real = next<ssize_t(int, const iovec*, int)>("writev");
  if (is_file(descriptor) && is_due("write")) {
    real(descriptor, parts, count / 2);
    die();
  }
  return real(descriptor, parts, count);
}

int rename(const char* from, const char* to) {
  static auto* real = next<int(const char*, const char*)>("rename");
  if (is_due("rename")) die();
  return real(from, to);
}
}
