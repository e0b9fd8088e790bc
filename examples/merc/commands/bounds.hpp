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

inline CLI::Validator at_least(int64_t least) {
  return bound("of at least " + std::to_string(least), [=](double value) { return value >= static_cast<double>(least); });
}

inline CLI::Validator above_zero() {
  return bound("above 0", [](double value) { return value > 0; });
}

}  // namespace merc::commands
