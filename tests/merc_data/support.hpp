#pragma once

#include "data/corpus.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace merc::test {

inline const std::filesystem::path data = IDCL_TEST_DATA;

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}

/// The sidecars of a folder and what each is about: `NAME.pkl`, or the folder NAME.
inline std::vector<std::pair<std::filesystem::path, nlohmann::json>> sidecars(const std::filesystem::path& folder) {
  std::vector<std::pair<std::filesystem::path, nlohmann::json>> result;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    auto about = entry.path();
    about.replace_extension(".pkl");
    if (!std::filesystem::exists(about)) about.replace_extension();
    result.emplace_back(about, read_json(entry.path()));
  }
  return result;
}

/// A folder that goes with the object.
struct TemporaryFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("idcl_merc_data_" + std::to_string(std::random_device{}()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spit(const std::filesystem::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// What `read` says of a path it cannot read.
inline std::string error_of(const std::filesystem::path& path) {
  try {
    read(path);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace merc::test
