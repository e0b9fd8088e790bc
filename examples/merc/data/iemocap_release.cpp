#include "data/iemocap_release.hpp"

#include "data/assembler.hpp"
#include "data/layout.hpp"

#include <idcl/pickle/text.hpp>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

namespace merc {

namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 6> six_way{"hap", "sad", "neu", "ang", "exc", "fru"};

int six_way_id(const std::string& label) {
  const auto found = std::find(six_way.begin(), six_way.end(), label);
  return found == six_way.end() ? -1 : static_cast<int>(found - six_way.begin());
}

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(path.filename().string() + " cannot be opened");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(idcl::pickle::latin1_to_utf8(line));
  }
  return lines;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// The numbers of "[6.2901 - 8.2357]" or "[2.5000, 2.5000, 2.5000]".
std::vector<double> numbers(std::string_view text) {
  std::vector<double> values;
  while (true) {
    const auto begin = text.find_first_of("0123456789");
    if (begin == std::string_view::npos) return values;
    text.remove_prefix(begin);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return values;
    values.push_back(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
}

/// "[6.2901 - 8.2357]<TAB>Ses01F_impro01_F000<TAB>neu<TAB>[2.5000, 2.5000, 2.5000]"
RawTurn parse_turn(const std::string& line) {
  const auto fields = split(line, '\t');
  const auto times = fields.size() == 4 ? numbers(fields[0]) : std::vector<double>();
  const auto vad = fields.size() == 4 ? numbers(fields[3]) : std::vector<double>();
  if (times.size() != 2 || vad.size() != 3)
    throw DataError("expected \"[start - end] turn label [V, A, D]\", got \"" + line.substr(0, 80) + "\"");
  RawTurn turn;
  turn.id = trimmed(fields[1]);
  const auto group = turn.id.rfind('_');
  if (group == std::string::npos || group + 1 >= turn.id.size()) throw DataError("\"" + turn.id + "\" is no id of a turn");
  turn.speaker = turn.id.substr(group + 1, 1);
  turn.start = times[0];
  turn.end = times[1];
  turn.label = turn.hap_relabel = trimmed(fields[2]);
  std::copy(vad.begin(), vad.end(), turn.vad.begin());
  return turn;
}

/// The categories of "C-E2:<TAB>Happiness; Disgust;<TAB>()".
std::vector<std::string> categories(const std::string& line) {
  std::vector<std::string> result;
  const auto fields = split(line, '\t');
  if (fields.size() < 2) return result;
  for (const auto part : split(fields[1], ';')) {
    if (const auto category = trimmed(part); !category.empty()) result.emplace_back(category);
  }
  return result;
}

bool is_happy(const std::vector<std::vector<std::string>>& evaluators) {
  std::map<std::string, int> votes;
  for (std::size_t i = 0; i < std::min<std::size_t>(evaluators.size(), 4); ++i) {
    const auto count = i < 3 ? evaluators[i].size() : std::min<std::size_t>(evaluators[i].size(), 1);
    for (std::size_t k = 0; k < count; ++k) ++votes[evaluators[i][k]];
  }
  const auto happy = votes.count("Happiness") != 0 ? votes["Happiness"] : 0;
  return happy > 0 &&
         std::all_of(votes.begin(), votes.end(), [&](const auto& vote) { return vote.first == "Happiness" || vote.second < happy; });
}

std::vector<RawTurn> read_labels(const fs::path& path) {
  std::vector<RawTurn> turns;
  std::vector<std::vector<std::string>> evaluators;
  const auto finish = [&] {
    if (!turns.empty() && turns.back().label == "xxx" && is_happy(evaluators)) turns.back().hap_relabel = "hap";
    evaluators.clear();
  };
  const auto lines = read_lines(path);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('[')) {
      finish();
      try {
        turns.push_back(parse_turn(lines[i]));
      } catch (const DataError& error) {
        throw DataError(path.filename().string() + ", line " + std::to_string(i + 1) + ": " + error.what());
      }
    } else if (lines[i].starts_with("C-")) {
      evaluators.push_back(categories(lines[i]));
    }
  }
  finish();
  return turns;
}

/// Turn -> text. Lines of no turn ("M: sorry") are passed over.
std::map<std::string, std::string> read_transcript(const fs::path& path) {
  std::map<std::string, std::string> texts;
  if (!fs::exists(path)) return texts;
  for (const auto& line : read_lines(path)) {
    const auto space = line.find(' ');
    const auto colon = line.find("]:");
    if (!line.starts_with("Ses") || space == std::string::npos || colon == std::string::npos) continue;
    texts[line.substr(0, space)] = trimmed(std::string_view(line).substr(colon + 2));
  }
  return texts;
}

/// Folders or files of a folder by name, hidden ones left out.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> result;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with(".")) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

fs::path labels_of(const fs::path& session) { return session / "dialog" / "EmoEvaluation"; }

/// "Session3" with label files -> 3, others -> 0.
int session_number(const fs::path& folder) {
  const auto name = folder.filename().string();
  const bool shaped = name.size() == 8 && name.starts_with("Session") && name[7] >= '1' && name[7] <= '9';
  return shaped && fs::is_directory(labels_of(folder)) ? name[7] - '0' : 0;
}

}  // namespace

std::vector<RawDialog> read_iemocap_release(const fs::path& folder) {
  std::vector<RawDialog> dialogs;
  for (const auto& session : entries(folder)) {
    const int number = session_number(session);
    if (number == 0) continue;
    for (const auto& path : entries(labels_of(session))) {
      if (path.extension() != ".txt" || !fs::is_regular_file(path)) continue;
      RawDialog dialog{path.stem().string(), number, read_labels(path)};
      const auto texts = read_transcript(session / "dialog" / "transcriptions" / path.filename());
      for (auto& turn : dialog.turns) {
        if (const auto found = texts.find(turn.id); found != texts.end()) turn.text = found->second;
      }
      std::sort(dialog.turns.begin(), dialog.turns.end(),
                [](const auto& a, const auto& b) { return std::tie(a.start, a.id) < std::tie(b.start, b.id); });
      dialogs.push_back(std::move(dialog));
    }
  }
  if (dialogs.empty()) throw DataError("holds no Session*/dialog/EmoEvaluation/*.txt");
  return dialogs;
}

std::optional<Corpus> layout::iemocap_release(const fs::path& folder, const ReadOptions& options) {
  auto root = folder;
  const auto has_sessions = [](const fs::path& path) {
    const auto all = entries(path);
    return std::any_of(all.begin(), all.end(), [](const auto& entry) { return session_number(entry) != 0; });
  };
  if (!has_sessions(root)) {
    root /= "IEMOCAP_full_release";
    if (!fs::is_directory(root) || !has_sessions(root)) return std::nullopt;
  }
  Assembler assembler("iemocap_release", 6);
  std::size_t turns = 0, as_released = 0, relabelled = 0, silent = 0;
  for (const auto& raw : read_iemocap_release(root)) {
    Dialog dialog;
    dialog.id = raw.id;
    for (const auto& turn : raw.turns) {
      ++turns;
      as_released += six_way_id(turn.label) >= 0 ? 1 : 0;
      relabelled += turn.hap_relabel != turn.label ? 1 : 0;
      const auto label = six_way_id(options.hap_relabel ? turn.hap_relabel : turn.label);
      if (label < 0) continue;
      silent += turn.text.empty() ? 1 : 0;
      dialog.labels.push_back(label);
      dialog.speakers.push_back(turn.speaker);
      dialog.sentences.push_back(turn.text);
      dialog.times.push_back({turn.start, turn.end});
      dialog.vad.push_back(turn.vad);
    }
    assembler.add(raw.session == 5 ? "test" : "train", std::move(dialog));
  }
  assembler.note(std::to_string(turns) + " turns, " + std::to_string(as_released) + " of the six classes; with --hap-relabel " +
                 std::to_string(as_released + relabelled) + " (" + std::to_string(relabelled) + " undecided ones counted as happy); read " +
                 (options.hap_relabel ? "with" : "without") + " it");
  if (silent > 0) assembler.warn(std::to_string(silent) + " turns have no transcript");
  return assembler.finish();
}

}  // namespace merc
