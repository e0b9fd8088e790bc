#pragma once

#include "error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace idcl::pickle {

/// The bytes of a file, mapped: only what is looked at is read, and `forget` gives it back to the system at any time.
///
/// The file must not be cut short by somebody else while it is mapped; replacing it by renaming, as careful writers do, is fine.
class File {
 public:
  File() = default;
  File(File&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  File& operator=(File&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~File() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  /// Throws Error without the path, which the caller knows best how to show.
  static File open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
      throw Error(errno == ENOENT ? std::string("no such file") : std::string("cannot be opened: ") + std::strerror(errno));
    struct Closer {
      int descriptor;
      ~Closer() { ::close(descriptor); }
    } const closer{descriptor};
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) throw Error(std::string("cannot be read: ") + std::strerror(errno));
    if (S_ISDIR(status.st_mode)) throw Error("is a folder, expected a file");
    if (!S_ISREG(status.st_mode)) throw Error("is not a regular file");
    File file;
    if (status.st_size == 0) return file;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) throw Error(std::string("cannot be read: ") + std::strerror(errno));
    file.data_ = data;
    file.size_ = size;
    return file;
  }

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

  /// Gives the memory of what was read back; what is looked at again is read again. For files larger than one wants to hold.
  void forget() const {
    if (data_ != nullptr) ::madvise(data_, size_, MADV_DONTNEED);
  }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace idcl::pickle
