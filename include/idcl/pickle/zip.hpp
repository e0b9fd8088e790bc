#pragma once

#include "cursor.hpp"
#include "error.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace idcl::pickle {

/// CRC-32 as zip uses it, or its continuation from `crc`.
inline std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      auto value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320u ^ value >> 1 : value >> 1;
      entries[i] = value;
    }
    return entries;
  }();
  crc = ~crc;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ crc >> 8;
  return ~crc;
}

/// A file of a zip archive, as it stands in the archive.
struct ZipEntry {
  std::string name;
  std::string_view data;
  std::uint32_t crc = 0;

  /// Throws where the data are not what was written.
  void verify() const {
    if (crc32(data) != crc) throw Error("zip: the checksum of " + name + " does not match: the file is damaged");
  }
};

/// The entries of a zip archive whose files are stored without compression, as torch.save and numpy.savez write them; zip64 too.
///
/// The entries view `bytes`. Every offset and size of the file is checked; compressed or encrypted entries are refused by name.
inline std::vector<ZipEntry> read_zip(std::string_view bytes);

namespace detail {

struct ZipDirectory {
  std::uint64_t entries = 0;
  std::uint64_t offset = 0;
};

inline Cursor zip_at(std::string_view bytes, std::uint64_t offset, std::uint32_t signature, const char* what) {
  if (offset > bytes.size()) throw Error(std::string("zip: ") + what + " lies beyond the end: the file is cut short or damaged");
  Cursor cursor(bytes.substr(offset));
  if (cursor.little<std::uint32_t>(what) != signature)
    throw Error(std::string("zip: ") + what + " is not where it should be: the file is damaged");
  return cursor;
}

/// Finds the end record, which comes last but for a comment, and follows it to zip64 where the counts do not fit.
inline ZipDirectory zip_directory(std::string_view bytes) {
  constexpr std::size_t end_size = 22;
  constexpr std::string_view end_signature = "PK\x05\x06";
  const auto lowest = bytes.size() > end_size + 0xFFFF ? bytes.size() - end_size - 0xFFFF : 0;
  const auto found = bytes.size() < end_size ? std::string_view::npos : bytes.rfind(end_signature, bytes.size() - end_size);
  if (found == std::string_view::npos || found < lowest) throw Error("zip: no end record: the file is cut short or no zip archive");
  auto end = zip_at(bytes, found, 0x06054b50, "the end record");
  end.take(6, "the end record");
  ZipDirectory directory{end.little<std::uint16_t>("the end record"), 0};
  end.take(4, "the end record");
  directory.offset = end.little<std::uint32_t>("the end record");
  if (directory.entries != 0xFFFF && directory.offset != 0xFFFFFFFF) return directory;

  constexpr std::size_t locator_size = 20;
  if (found < locator_size) throw Error("zip: no zip64 locator: the file is damaged");
  auto locator = zip_at(bytes, found - locator_size, 0x07064b50, "the zip64 locator");
  locator.take(4, "the zip64 locator");
  auto wide = zip_at(bytes, locator.little<std::uint64_t>("the zip64 locator"), 0x06064b50, "the zip64 end record");
  wide.take(28, "the zip64 end record");
  directory.entries = wide.little<std::uint64_t>("the zip64 end record");
  wide.take(8, "the zip64 end record");
  directory.offset = wide.little<std::uint64_t>("the zip64 end record");
  return directory;
}

/// Sizes and offset that did not fit in 32 bits stand in the extra field of id 1, in this order, those alone that did not fit.
inline void zip64_extra(std::string_view extra, std::array<std::uint64_t*, 3> fields) {
  for (Cursor cursor(extra); cursor.remaining() >= 4;) {
    const auto id = cursor.little<std::uint16_t>("a zip extra field");
    Cursor field(cursor.take(cursor.little<std::uint16_t>("a zip extra field"), "a zip extra field"));
    if (id != 1) continue;
    for (auto* value : fields) {
      if (*value == 0xFFFFFFFF) *value = field.little<std::uint64_t>("a zip64 extra field");
    }
  }
}

inline ZipEntry zip_entry(std::string_view bytes, Cursor& directory) {
  constexpr const char* what = "the zip directory";
  if (directory.little<std::uint32_t>(what) != 0x02014b50) throw Error("zip: the directory is damaged");
  directory.take(4, what);
  const auto flags = directory.little<std::uint16_t>(what);
  const auto method = directory.little<std::uint16_t>(what);
  directory.take(4, what);
  ZipEntry entry;
  entry.crc = directory.little<std::uint32_t>(what);
  std::uint64_t packed = directory.little<std::uint32_t>(what);
  std::uint64_t size = directory.little<std::uint32_t>(what);
  const auto name_size = directory.little<std::uint16_t>(what);
  const auto extra_size = directory.little<std::uint16_t>(what);
  const auto comment_size = directory.little<std::uint16_t>(what);
  directory.take(8, what);
  std::uint64_t offset = directory.little<std::uint32_t>(what);
  entry.name = directory.take(name_size, what);
  zip64_extra(directory.take(extra_size, what), {&size, &packed, &offset});
  directory.take(comment_size, what);
  if ((flags & 1) != 0) throw Error("zip: " + entry.name + " is encrypted");
  if (method != 0 || packed != size)
    throw Error("zip: " + entry.name + " is compressed; expected an archive as torch.save writes it, stored");

  auto local = zip_at(bytes, offset, 0x04034b50, "a file header");
  local.take(22, "a zip file header");
  const auto local_name = local.little<std::uint16_t>("a zip file header");
  const auto local_extra = local.little<std::uint16_t>("a zip file header");
  local.take(std::uint64_t{local_name} + local_extra, "a zip file header");
  entry.data = local.take(size, "a file of the zip archive");
  return entry;
}

}  // namespace detail

inline std::vector<ZipEntry> read_zip(std::string_view bytes) {
  const auto directory = detail::zip_directory(bytes);
  constexpr std::size_t smallest_entry = 46;
  if (directory.offset > bytes.size() || directory.entries > (bytes.size() - directory.offset) / smallest_entry) {
    throw Error("zip: a directory of " + std::to_string(directory.entries) +
                " files does not fit in the archive: the file is cut short or damaged");
  }
  Cursor cursor(bytes.substr(directory.offset));
  std::vector<ZipEntry> entries;
  entries.reserve(directory.entries);
  for (std::uint64_t i = 0; i < directory.entries; ++i) entries.push_back(detail::zip_entry(bytes, cursor));
  return entries;
}

}  // namespace idcl::pickle
