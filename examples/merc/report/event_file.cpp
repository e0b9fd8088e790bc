#include "report/event_file.hpp"

#include "report/files.hpp"

#include <array>
#include <bit>
#include <chrono>

namespace merc {
namespace {

/// A number as bytes, the lowest first, on every machine.
template <class Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

// Protocol buffers: a field is a key, number << 3 | kind, and a value of that kind.
enum Kind : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Seven bits a byte, the lowest first, the eighth set where more follow.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string key(uint64_t field, Kind kind) { return varint(field << 3 | kind); }

std::string bytes_field(uint64_t field, const std::string& bytes) { return key(field, kBytes) + varint(bytes.size()) + bytes; }

std::string number_field(uint64_t field, double value) { return key(field, kFixed64) + little_endian(std::bit_cast<uint64_t>(value)); }

std::string number_field(uint64_t field, float value) { return key(field, kFixed32) + little_endian(std::bit_cast<uint32_t>(value)); }

/// TFRecord masks its checksums, so that a checksum of a record is not one of its own.
std::string masked(std::string_view bytes) { return little_endian(std::rotr(crc32c(bytes), 15) + 0xa282ead8U); }

std::string framed(const std::string& message) {
  const auto length = little_endian(static_cast<uint64_t>(message.size()));
  return length + masked(length) + message + masked(message);
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

Scalars scalars_of(const EpochRecord& record) {
  Scalars scalars;
  const auto add = [&](const std::string& name, double value) {
    scalars.emplace_back(record.stage + "/" + name, static_cast<float>(value));
  };
  add("loss", record.loss);
  add("cross_entropy", record.cross_entropy);
  add("contrastive", record.idcl);
  add("contrastive_gradient_ratio", record.idcl_gradient_ratio);
  add("mean_cosine", record.mean_cosine);
  add("gradient_norm", record.gradient_norm);
  add("learning_rate", record.learning_rate);
  add("seconds", record.seconds);
  for (const auto& [split, score] : {std::pair{"dev", record.dev}, std::pair{"test", record.test}}) {
    if (!score) continue;
    add(std::string(split) + "_loss", score->loss);
    add(std::string(split) + "_accuracy", score->accuracy);
    add(std::string(split) + "_weighted_f1", score->weighted_f1);
  }
  return scalars;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t i = 0; i < entries.size(); ++i) {
      uint32_t entry = i;
      for (int bit = 0; bit < 8; ++bit) entry = entry >> 1 ^ (entry & 1 ? 0x82f63b78U : 0);
      entries[i] = entry;
    }
    return entries;
  }();
  uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

std::string event_record(double wall_time, int64_t step, const Scalars& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) summary += bytes_field(1, bytes_field(1, tag) + number_field(2, value));
  return framed(number_field(1, wall_time) + key(2, kVarint) + varint(static_cast<uint64_t>(step)) + bytes_field(5, summary));
}

EventFile::EventFile(std::filesystem::path path, const std::vector<EpochRecord>& history) : path_(std::move(path)) {
  const double time = now();
  auto content = framed(number_field(1, time) + bytes_field(3, "brain.Event:2"));
  for (const auto& record : history) content += event_record(time, record.epoch, scalars_of(record));
  replace_file(path_, content);
}

void EventFile::append(const EpochRecord& record) { append_file(path_, event_record(now(), record.epoch, scalars_of(record))); }

}  // namespace merc
