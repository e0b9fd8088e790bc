#include "data/assembler.hpp"
#include "data/csv.hpp"
#include "data/labels.hpp"
#include "data/layout.hpp"

#include <idcl/pickle/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

namespace merc::layout {

namespace fs = std::filesystem;
namespace pickle = idcl::pickle;

namespace {

/// The text of bytes in UTF-8 or, where they are not that, in the Windows code page 1252 that MELD's files are in.
std::string decoded(std::string_view bytes) {
  // What bytes 0x80 to 0x9F stand for; 0 where the code page has nothing.
  constexpr std::array<std::uint32_t, 32> windows{0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                                  0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                                  0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
  bool utf8 = true;
  for (auto rest = bytes; utf8 && !rest.empty();) utf8 = pickle::take_utf8(rest).has_value();
  if (utf8) return std::string(bytes.starts_with("\xef\xbb\xbf") ? bytes.substr(3) : bytes);
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    const bool mapped = code >= 0x80 && code < 0xA0 && windows[code - 0x80] != 0;
    pickle::append_utf8(text, mapped ? windows[code - 0x80] : code);
  }
  return text;
}

struct Utterance {
  std::string speaker;
  std::string sentence;
  int label = 0;
};

std::int64_t number_of(const std::string& text, const char* column) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw DataError(std::string(column) + " is \"" + text.substr(0, 20) + "\", expected a number");
  return value;
}

/// Position of each column in the header; nothing where one is missing, which makes the file none of MELD's.
std::optional<std::array<std::size_t, 5>> find_columns(const std::vector<std::string>& header) {
  constexpr std::array<const char*, 5> names{"Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID"};
  std::array<std::size_t, 5> columns{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = std::find(header.begin(), header.end(), names[i]);
    if (found == header.end()) return std::nullopt;
    columns[i] = static_cast<std::size_t>(found - header.begin());
  }
  return columns;
}

/// Adds the dialogs of one file in the order in which they begin there. False where the file has other columns.
bool read_split(Assembler& assembler, const fs::path& path, const std::string& split) {
  std::ifstream in(path, std::ios::binary);
  const auto records = parse_csv(decoded(std::string(std::istreambuf_iterator<char>(in), {})));
  const auto columns = records.empty() ? std::nullopt : find_columns(records[0]);
  if (!columns) return false;
  const auto names = label_names(7);
  std::vector<std::int64_t> order;
  std::map<std::int64_t, std::multimap<std::int64_t, Utterance>> dialogs;  // by number, equal ones as they come
  for (std::size_t i = 1; i < records.size(); ++i) {
    try {
      if (records[i].size() != records[0].size())
        throw DataError(std::to_string(records[i].size()) + " fields, the header has " + std::to_string(records[0].size()));
      const auto field = [&](std::size_t column) -> const std::string& { return records[i][(*columns)[column]]; };
      const auto label = std::find(names.begin(), names.end(), field(2));
      if (label == names.end()) throw DataError("emotion \"" + field(2).substr(0, 20) + "\" is none of MELD's seven");
      const auto dialog = number_of(field(3), "Dialogue_ID");
      if (dialogs.count(dialog) == 0) order.push_back(dialog);
      dialogs[dialog].emplace(number_of(field(4), "Utterance_ID"), Utterance{field(1), field(0), static_cast<int>(label - names.begin())});
    } catch (const DataError& error) {
      throw DataError(path.filename().string() + ", record " + std::to_string(i) + ": " + error.what());
    }
  }
  for (const auto id : order) {
    Dialog dialog;
    dialog.id = split + "_" + std::to_string(id);  // numbers begin at 0 in every file
    for (auto& [number, utterance] : dialogs[id]) {
      dialog.labels.push_back(utterance.label);
      dialog.speakers.push_back(std::move(utterance.speaker));
      dialog.sentences.push_back(std::move(utterance.sentence));
    }
    assembler.add(split, std::move(dialog));
  }
  return true;
}

}  // namespace

std::optional<Corpus> meld_csv(const fs::path& folder) {
  Assembler assembler("meld_csv", 7);
  bool any = false;
  for (const std::string split : split_names) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const auto name = entry.path().filename().string();
      if (entry.path().extension() != ".csv" || !name.starts_with(split)) continue;
      try {
        any = read_split(assembler, entry.path(), split) || any;
      } catch (const std::invalid_argument& error) {
        throw DataError(name + ": " + error.what());
      }
    }
  }
  if (!any) return std::nullopt;
  return assembler.finish();
}

}  // namespace merc::layout
