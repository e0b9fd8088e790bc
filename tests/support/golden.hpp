#pragma once

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

/// The reference numbers of tests/golden, as its README describes them.
namespace idcl::test::golden {

using at::Tensor;
using Json = nlohmann::json;
using Tensors = std::map<std::string, Tensor>;

/// {"shape", "dtype", "data"} -> tensor.
inline Tensor tensor(const Json& json) {
  const auto shape = json.at("shape").get<std::vector<int64_t>>();
  const auto type = json.at("dtype").get<std::string>();
  if (type == "float64") return at::tensor(json.at("data").get<std::vector<double>>(), at::kDouble).view(shape);
  if (type == "int64") return at::tensor(json.at("data").get<std::vector<int64_t>>(), at::kLong).view(shape);
  if (type != "bool") throw std::runtime_error("a golden tensor of unknown dtype " + type);
  std::vector<int64_t> values;
  for (const auto& value : json.at("data")) values.push_back(value.get<bool>());
  return at::tensor(values, at::kLong).view(shape).to(at::kBool);
}

/// A number, or a tensor of one.
inline double number(const Json& json) { return json.is_object() ? tensor(json).item<double>() : json.get<double>(); }

inline Tensors tensors(const Json& json) {
  Tensors result;
  for (const auto& [name, value] : json.items()) result[name] = tensor(value);
  return result;
}

struct Case {
  std::string file;
  std::string name;
  Json options;
  Tensors inputs;
  Json expected;
  bool quirk = false;  ///< pins a behaviour that one may choose not to copy

  std::string where() const { return file + ".json, case " + name; }
};

inline std::filesystem::path folder(const std::string& kind) { return std::filesystem::path(IDCL_TEST_DATA) / "golden" / kind; }

/// The names of a folder's files, in order.
inline std::vector<std::string> files(const std::string& kind) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder(kind)))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::vector<Case> cases(const std::string& kind, const std::string& file) {
  std::ifstream stream(folder(kind) / (file + ".json"));
  const auto json = Json::parse(stream);
  std::vector<Case> result;
  for (const auto& entry : json.at("cases"))
    result.push_back({.file = kind + "/" + file,
                      .name = entry.at("name"),
                      .options = entry.at("options"),
                      .inputs = tensors(entry.at("inputs")),
                      .expected = entry.at("expected"),
                      .quirk = entry.contains("quirk")});
  return result;
}

}  // namespace idcl::test::golden
