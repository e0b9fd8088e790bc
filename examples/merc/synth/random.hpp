#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

namespace merc::synth {

/// A stream of random numbers named by a seed and words, so that what one stream draws does not move what another draws.
///
/// The standard fixes the sequence of std::mt19937_64 but not its distributions, hence our own: a seed gives the same
/// corpus with every standard library.
class Stream {
 public:
  Stream(uint64_t seed, std::initializer_list<std::string_view> words) : engine_(mix(seed, words)) {}

  /// A number in [0, 1).
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

  /// A number in {0, ..., count - 1}.
  int below(int count) { return static_cast<int>(uniform() * count); }

  /// A standard normal number (Box and Muller, 1958), one of each pair kept for the next call.
  double normal() {
    if (spare_ready_) return spare_ready_ = false, spare_;
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    spare_ready_ = true;
    return radius * std::cos(angle);
  }

  /// `size` standard normal numbers.
  std::vector<double> normals(std::size_t size) {
    std::vector<double> values(size);
    for (auto& value : values) value = normal();
    return values;
  }

  /// An index drawn with probability proportional to `weights`.
  int draw(const std::vector<double>& weights) {
    double total = 0;
    for (const double weight : weights) total += weight;
    double left = uniform() * total;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
      left -= weights[i];
      if (left < 0) return static_cast<int>(i);
    }
    return static_cast<int>(weights.size()) - 1;
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(static_cast<int>(i))]);
  }

 private:
  /// FNV-1a over the words, then over the seed.
  static uint64_t mix(uint64_t seed, std::initializer_list<std::string_view> words) {
    uint64_t hash = 14695981039346656037ULL;
    const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 1099511628211ULL; };
    for (const auto word : words) {
      for (const char letter : word) add(static_cast<unsigned char>(letter));
      add(0);
    }
    for (int i = 0; i < 8; ++i) add(static_cast<unsigned char>(seed >> (8 * i)));
    return hash;
  }

  std::mt19937_64 engine_;
  double spare_ = 0;
  bool spare_ready_ = false;
};

}  // namespace merc::synth
