#include "data/atomic.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace merc {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw DataError(path.string() + ": cannot be written: " + why +
                  "; make room or choose another place, what stood there before is as it was");
}

std::string reason() { return errno != 0 ? std::strerror(errno) : "unknown error"; }

/// A name beside `path` that no other process uses.
fs::path temporary(const fs::path& path) {
  auto name = path;
  if (!name.has_filename()) name = name.parent_path();
  return name.parent_path() / std::string(".").append(name.filename().string()).append(".partial.").append(std::to_string(::getpid()));
}

/// Removes what was begun unless it was kept.
struct Attempt {
  fs::path path;
  bool kept = false;
  ~Attempt() {
    std::error_code ignored;
    if (!kept) fs::remove_all(path, ignored);
  }
};

void make_parent(const fs::path& path) {
  std::error_code error;
  if (const auto parent = path.parent_path(); !parent.empty()) fs::create_directories(parent, error);
  if (error) fail(path, error.message());
}

/// Waits until a file is on the disk, so that a rename never makes a name point to what was lost with the power.
bool flush(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool flushed = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return flushed;
}

/// Calls `fill`; what goes wrong in the temporary folder is told of the one it becomes.
void fill_for(const fs::path& folder, const fs::path& temporary, const std::function<void(const fs::path&)>& fill) {
  try {
    fill(temporary);
  } catch (const DataError& error) {
    std::string what = error.what();
    if (what.starts_with(temporary.string())) what.replace(0, temporary.string().size(), folder.string());
    throw DataError(what);
  }
}

}  // namespace

void write_file(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  make_parent(path);
  Attempt attempt{temporary(path)};
  errno = 0;
  std::ofstream out(attempt.path, std::ios::binary);
  if (!out) fail(path, reason());
  write(out);
  out.close();
  if (!out || !flush(attempt.path)) fail(path, reason());
  std::error_code error;
  fs::rename(attempt.path, path, error);
  if (error) fail(path, error.message());
  attempt.kept = true;
}

void write_folder(const fs::path& path, const std::function<void(const fs::path&)>& fill) {
  std::error_code error;
  if (fs::exists(path, error) && !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    throw DataError(path.string() + ": exists already; name a new folder, or remove this one first");
  }
  const auto folder = path.has_filename() ? path : path.parent_path();
  make_parent(folder);
  Attempt attempt{temporary(folder)};
  fs::create_directory(attempt.path, error);
  if (error) fail(folder, error.message());
  fill_for(folder, attempt.path, fill);
  fs::remove(folder, error);  // an empty one
  fs::rename(attempt.path, folder, error);
  if (error) fail(folder, error.message());
  attempt.kept = true;
}

}  // namespace merc
