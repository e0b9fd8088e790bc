#include "merc_data/sha256.hpp"
#include "merc_data/support.hpp"
#include "support/catch.hpp"

#include "data/inspect.hpp"

#include <bit>
#include <sstream>

using namespace merc;
using namespace merc::test;
using nlohmann::json;

namespace {

/// A one-hot row is the index of its one, in both the sidecar's and our speaker.
json speaker(const json& value) {
  if (!value.is_array()) return value;
  return std::to_string(std::find(value.begin(), value.end(), json(1)) - value.begin());
}

void compare_figures(const json& seen, const json& expected) {
  for (const auto* key : {"first", "last"}) CHECK(seen[key] == expected[key]);
  for (const auto* key : {"sum", "sum_of_squares"}) CHECK(seen[key].get<double>() == Approx(expected[key].get<double>()).epsilon(1e-9));
}

/// The float32 values of a split, little endian, row by row.
std::string value_bytes(const Split& split, const std::string& modality) {
  std::string bytes;
  for (const auto& dialog : split.dialogs) {
    for (const float value : dialog.features.at(modality).values) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      for (int i = 0; i < 4; ++i) bytes += static_cast<char>(bits >> (8 * i) & 0xFF);
    }
  }
  return bytes;
}

void compare(const std::filesystem::path& path, const json& expected) {
  INFO(path.filename().string());
  const auto corpus = read(path);
  const auto seen = json(inspect_json(corpus));
  if (expected["must"] == "accept") CHECK(seen["warnings"] == json::array());
  CHECK(seen["format"] == expected["format"]);
  CHECK(seen["modalities"] == expected["modalities"]);
  CHECK(seen["classes"] == expected["classes"]);
  CHECK(seen["label_names"].size() == expected["classes"].get<std::size_t>());
  REQUIRE(seen["splits"].size() == expected["splits"].size());
  for (const auto& [name, split] : expected["splits"].items()) {
    INFO(name);
    REQUIRE(seen["splits"].contains(name));
    const auto& ours = seen["splits"][name];
    for (const auto* key : {"ids", "dialogs", "utterances", "labels"}) CHECK(ours[key] == split[key]);
    if (ours.contains("sessions")) {
      json whole{{"dialogs", 0}, {"utterances", 0}, {"labels", json::object()}};
      for (const auto& [session, share] : ours["sessions"].items()) {
        const auto of_session = [&](const json& id) { return id.get<std::string>().starts_with("Ses0" + session); };
        CHECK(share["dialogs"] == std::count_if(split["ids"].begin(), split["ids"].end(), of_session));
        for (const auto* key : {"dialogs", "utterances"}) whole[key] = whole[key].get<int>() + share[key].get<int>();
        for (const auto& [label, count] : share["labels"].items())
          whole["labels"][label] = whole["labels"].value(label, 0) + count.get<int>();
      }
      for (const auto* key : {"dialogs", "utterances", "labels"}) CHECK(whole[key] == split[key]);
    }
    CHECK(ours.contains("sessions") == split["ids"].front().dump().starts_with("\"Ses0"));
    REQUIRE(ours["features"].size() == split["features"].size());
    const auto& content = corpus.split(name);
    for (const auto& [modality, figures] : split["features"].items()) {
      INFO(modality);
      compare_figures(ours["features"][modality], figures);
      const bool exact = expected["modalities"][modality]["dtype"] == "float32" && figures.contains("sha256_little_endian");
      if (exact) CHECK(sha256(value_bytes(content, modality)) == figures["sha256_little_endian"]);
    }
    const auto& first = content.dialogs.front();
    CHECK(first.labels == split["first_dialog_labels"].get<std::vector<int>>());
    CHECK(first.sentences.front() == split["first_sentence"]);
    json speakers = json::array();
    for (const auto& value : split["first_dialog_speakers"]) speakers.push_back(speaker(value));
    CHECK(json(first.speakers) == speakers);
    if (split.contains("utterances_per_dialog")) {
      json lengths = json::array();
      for (const auto& dialog : content.dialogs) lengths.push_back(dialog.utterances());
      CHECK(lengths == split["utterances_per_dialog"]);
    }
    for (const auto& dialog : content.dialogs) {
      REQUIRE(dialog.speakers.size() == dialog.labels.size());
      REQUIRE(dialog.sentences.size() == dialog.labels.size());
      for (const auto& [modality, matrix] : dialog.features) {
        REQUIRE(matrix.rows == dialog.utterances());
        REQUIRE(matrix.cols == corpus.modalities.at(modality).dim);
        REQUIRE(matrix.values.size() == static_cast<std::size_t>(matrix.rows * matrix.cols));
      }
    }
  }
}

}  // namespace

TEST_CASE("sha256 is SHA-256") {
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("every feature pickle is what its sidecar says") {
  const auto files = sidecars(data / "pickles");
  REQUIRE(!files.empty());
  for (const auto& [path, expected] : files) compare(path, expected);
}

TEST_CASE("layouts beyond those, and the same ones in other types, are what their sidecars say") {
  const auto files = sidecars(data / "merc_data" / "layouts");
  REQUIRE(!files.empty());
  for (const auto& [path, expected] : files) compare(path, expected);
}

TEST_CASE("the table for people shows splits, classes and widths of every file") {
  for (const auto& [path, expected] : sidecars(data / "pickles")) {
    INFO(path.filename().string());
    const auto corpus = read(path);
    std::ostringstream out;
    inspect_table(corpus, out);
    const auto text = out.str();
    CHECK(text.find(corpus.format) != std::string::npos);
    CHECK(!describe_format(corpus.format).empty());
    for (const auto& name : corpus.label_names) CHECK(text.find(name) != std::string::npos);
    for (const auto& [modality, facts] : expected["modalities"].items()) CHECK(text.find(modality) != std::string::npos);
    for (const auto& [split, facts] : expected["splits"].items()) CHECK(text.find("  " + split) != std::string::npos);
  }
}
