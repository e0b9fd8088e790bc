#include "data/fingerprint.hpp"

#include <cstdio>
#include <cstring>
#include <string_view>

namespace merc {

namespace {

/// FNV-1a, eight bytes a step where there are as many: a check of identity, no defence against forgery.
class Hash {
 public:
  void add(std::string_view bytes) {
    step(bytes.size());
    while (bytes.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      step(word);
      bytes.remove_prefix(8);
    }
    for (const char byte : bytes) step(static_cast<unsigned char>(byte));
  }

  std::uint64_t value() const { return state_; }

 private:
  void step(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x100000001b3;
    state_ ^= state_ >> 29;  // whole words leave their upper bits where a multiplication does not reach
  }

  std::uint64_t state_ = 0xcbf29ce484222325;
};

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

std::string fingerprint(const Corpus& corpus) {
  Hash hash;
  hash.add(std::to_string(corpus.classes));
  // Dev before train: holding the first dialogs of train out as dev keeps the order.
  for (const auto* name : {"dev", "train", "test"}) {
    if (!corpus.has(name)) continue;
    for (const auto& dialog : corpus.split(name).dialogs) {
      hash.add(name == std::string_view("test") ? "test" : "train");
      hash.add(dialog.id);
      hash.add(bytes_of(dialog.labels));
      for (const auto& speaker : dialog.speakers) hash.add(speaker);
      for (const auto& sentence : dialog.sentences) hash.add(sentence);
      for (const auto& [modality, matrix] : dialog.features) {
        hash.add(modality);
        hash.add(std::to_string(matrix.cols));
        hash.add(bytes_of(matrix.values));
      }
    }
  }
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash.value()));
  return digits;
}

}  // namespace merc
