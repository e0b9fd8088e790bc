#include "config.hpp"

#include "fields.hpp"

#include <nlohmann/json.hpp>

namespace merc {
namespace {

using Json = nlohmann::json;

template <class Enum>
const std::map<std::string, Enum>& names();
template <>
const std::map<std::string, Pooling>& names() {
  return pooling_names;
}
template <>
const std::map<std::string, Arithmetic>& names() {
  return arithmetic_names;
}
template <>
const std::map<std::string, Selection>& names() {
  return selection_names;
}
template <>
const std::map<std::string, ClassWeights>& names() {
  return class_weight_names;
}
template <>
const std::map<std::string, Ablation>& names() {
  return ablation_names;
}
template <>
const std::map<std::string, Weights>& names() {
  return weights_names;
}
template <>
const std::map<std::string, Backbone>& names() {
  return backbone_names;
}
template <>
const std::map<std::string, Fusion>& names() {
  return fusion_names;
}
template <>
const std::map<std::string, Contrastive>& names() {
  return contrastive_names;
}
template <>
const std::map<std::string, ContrastOn>& names() {
  return contrast_on_names;
}
template <>
const std::map<std::string, Schedule>& names() {
  return schedule_names;
}
template <>
const std::map<std::string, PretrainSplits>& names() {
  return pretrain_splits_names;
}

template <class T>
Json write(const T& value) {
  if constexpr (requires { for_each_field(value, [](const char*, const auto&) {}); }) {
    Json json = Json::object();
    for_each_field(value, [&](const char* name, const auto& field) { json[name] = write(field); });
    return json;
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& [name, known] : names<T>())
      if (known == value) return name;
    return nullptr;
  } else {
    return value;
  }
}

[[noreturn]] void refuse(const std::string& path, const std::string& expected, const Json& got) {
  throw UsageError("config: expected `" + path + "` to be " + expected + ", but got " + got.dump());
}

void read(const Json& json, const std::string& path, bool& value) {
  json.is_boolean() ? json.get_to(value), void() : refuse(path, "true or false", json);
}
void read(const Json& json, const std::string& path, int64_t& value) {
  json.is_number_integer() ? json.get_to(value), void() : refuse(path, "a whole number", json);
}
void read(const Json& json, const std::string& path, uint64_t& value) {
  json.is_number_unsigned() ? json.get_to(value), void() : refuse(path, "a whole number, not negative", json);
}
void read(const Json& json, const std::string& path, double& value) {
  json.is_number() ? json.get_to(value), void() : refuse(path, "a number", json);
}
void read(const Json& json, const std::string& path, std::string& value) {
  json.is_string() ? json.get_to(value), void() : refuse(path, "a text", json);
}
void read(const Json& json, const std::string& path, std::vector<std::string>& value) {
  if (!json.is_array()) refuse(path, "a list of texts", json);
  value.clear();
  for (const auto& item : json) read(item, path, value.emplace_back());
}

template <class T>
void read(const Json& json, const std::string& path, T& value) {
  if constexpr (std::is_enum_v<T>) {
    std::string choices;
    for (const auto& [name, known] : names<T>()) {
      if (json == name) return void(value = known);
      choices += (choices.empty() ? "" : ", ") + name;
    }
    refuse(path, "one of " + choices, json);
  } else {
    if (!json.is_object()) refuse(path.empty() ? "config" : path, "a table", json);
    const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
    auto left = json;
    for_each_field(value, [&](const char* name, auto& field) {
      if (!json.contains(name)) return;
      read(json.at(name), below(name), field);
      left.erase(name);
    });
    if (!left.empty()) throw UsageError("config: unknown key `" + below(left.begin().key()) + "`");
  }
}

}  // namespace

Config Config::official() {
  Config config;
  config.model.dead_modules = true;
  config.pretrain = {.epochs = 1000, .batch_size = 0, .learning_rate = 1e-4, .temperature = 1.0};
  config.finetune.batch_size = 128;
  config.pooling = Pooling::Padded;
  config.arithmetic = Arithmetic::Official;
  config.limit_neighbors = false;
  config.pretrain_splits = PretrainSplits::All;
  config.seed = 20260505;
  return config;
}

void to_json(Json& json, const Config& config) { json = write(config); }

void from_json(const Json& json, Config& config) {
  Config result;
  read(json, "", result);
  config = result;
}

}  // namespace merc
