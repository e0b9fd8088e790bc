#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

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

/// What is no 64-bit integer, which CLI11 would make the nearest that is. Anything else is for CLI11 to judge.
inline CLI::Validator whole() {
  return {[](std::string& text) {
            int64_t value = 0;
            const auto [_, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            return error == std::errc::result_out_of_range ? "expected a number of 64 bits, got " + text : std::string();
          },
          ""};
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
