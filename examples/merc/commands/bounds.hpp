#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace merc::commands {

/// A check of a flag that takes a number: CLI11's own say the largest double there is, in all its digits.
template <class Holds>
CLI::Validator bound(const std::string& expected, Holds holds) {
  return {[=](std::string& text) {
            char* end = nullptr;
            const double value = std::strtod(text.c_str(), &end);
            const bool number = !text.empty() && *end == '\0';
            return number && holds(value) ? std::string() : "expected a number " + expected + ", got " + text;
          },
          ""};
}

/// What CLI11 would make the largest number that an integer holds, whatever it says.
inline CLI::Validator whole() {
  constexpr double most = 0x1p63;
  return bound("below 2^63", [=](double value) { return value > -most && value < most; });
}

inline CLI::Validator at_least(int64_t least) {
  return bound("of at least " + std::to_string(least), [=](double value) { return value >= static_cast<double>(least); }) & whole();
}

inline CLI::Validator between(int64_t least, int64_t most) {
  return bound("from " + std::to_string(least) + " to " + std::to_string(most),
               [=](double value) { return value >= static_cast<double>(least) && value <= static_cast<double>(most); });
}

inline CLI::Validator above_zero() {
  return bound("above 0", [](double value) { return value > 0; });
}

}  // namespace merc::commands
