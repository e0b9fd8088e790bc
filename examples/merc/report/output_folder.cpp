#include "report/output_folder.hpp"

#include "data/corpus.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace merc {
namespace fs = std::filesystem;
namespace {

/// Marks a folder as ours; the process that works in it holds a lock on this file.
constexpr auto mark = ".idcl-merc";

bool holds_anything(const fs::path& folder) {
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable))
    if (entry.path().filename() != mark) return true;
  return false;
}

[[noreturn]] void cannot_write(const fs::path& folder, const std::string& cause) {
  throw DataError(folder.string() + ": cannot write there: " + cause + "; choose another --out");
}

/// The lock of a folder, as an open file. Throws DataError where another process has it, or the folder cannot be written.
int locked(const fs::path& folder) {
  const int file = ::open((folder / mark).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) cannot_write(folder, std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  throw DataError(folder.string() + ": another process is writing there; wait for it or choose another --out");
}

}  // namespace

void check_output(const fs::path& folder, Existing existing) {
  std::error_code error;
  const auto status = fs::status(folder, error);
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status)) throw UsageError(folder.string() + " exists and is no folder; choose another --out");
  if (!holds_anything(folder)) return;
  if (existing == Existing::Refuse)
    throw UsageError(folder.string() +
                     " exists and is not empty; go on with it by --resume, replace it by --overwrite, or choose another --out");
  if (existing == Existing::Overwrite && !fs::exists(folder / mark))
    throw UsageError(folder.string() + " is not empty and was not made by idcl-merc, so --overwrite leaves it alone; choose another --out");
}

OutputFolder::OutputFolder(fs::path folder, Existing existing, Unfinished unfinished)
    : folder_(std::move(folder)), unfinished_(unfinished) {
  if (folder_.filename().empty()) folder_ = folder_.parent_path();  // "runs/a/" is "runs/a"
  check_output(folder_, existing);
  std::error_code error;
  auto aside = folder_;
  aside += ".previous";
  if (existing == Existing::Overwrite && fs::exists(folder_) && holds_anything(folder_)) {
    const int lock = locked(folder_);  // nobody's work is moved from under them
    ::close(lock);
    // Where an old result waits already, what stands in the folder is a run that was to replace it and never got done.
    if (fs::exists(aside / mark))
      fs::remove_all(folder_, error);
    else
      fs::rename(folder_, aside, error);
    if (error) cannot_write(folder_, error.message());
  }
  if (fs::exists(aside / mark)) previous_ = aside;
  fs::create_directories(folder_, error);
  if (error) cannot_write(folder_, error.message());
  lock_ = locked(folder_);
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!holds_anything(folder_) || (unfinished_ == Unfinished::Removed && !done_)) {
    fs::remove_all(folder_, ignored);
    if (!previous_.empty()) fs::rename(previous_, folder_, ignored);
  }
  if (lock_ >= 0) ::close(lock_);
}

void OutputFolder::done() {
  done_ = true;
  if (previous_.empty()) return;
  std::error_code ignored;  // the new result stands whether or not the old one can be removed
  fs::remove_all(previous_, ignored);
  previous_.clear();
}

}  // namespace merc
