#pragma once

#include "support/golden.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace idcl::test {

/// The cases that make_golden.py wrote.
inline golden::Json metric_cases(const std::string& file) {
  std::ifstream stream(std::filesystem::path(IDCL_TEST_DATA) / "metrics" / (file + ".json"));
  return golden::Json::parse(stream).at("cases");
}

/// Rows of numbers -> [N, D].
inline Tensor rows_of(const golden::Json& json) {
  const auto rows = json.get<std::vector<std::vector<double>>>();
  auto result = at::empty({static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows.at(0).size())}, at::kDouble);
  for (std::size_t i = 0; i < rows.size(); ++i) result[static_cast<int64_t>(i)].copy_(at::tensor(rows[i], at::kDouble));
  return result;
}

inline Tensor labels_of(const golden::Json& json) { return at::tensor(json.get<std::vector<int64_t>>(), at::kLong); }

}  // namespace idcl::test
