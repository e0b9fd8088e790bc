#include "data/session.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace merc {

namespace {

/// "a, b, c and 4 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

std::string dialogs(std::size_t count) { return std::to_string(count) + (count == 1 ? " dialog" : " dialogs"); }

using Findings = std::vector<std::string>;

void find_duplicates(const Corpus& corpus, Findings& findings) {
  for (const auto& [name, split] : corpus.splits) {
    std::set<std::string> seen;
    std::vector<std::string> twice;
    for (const auto& dialog : split.dialogs) {
      if (!seen.insert(dialog.id).second) twice.push_back(dialog.id);
    }
    if (!twice.empty()) findings.push_back(name + " holds " + dialogs(twice.size()) + " more than once (" + listed(twice) + ")");
  }
}

void find_overlaps(const Corpus& corpus, Findings& findings) {
  const std::pair<const char*, const char*> pairs[] = {{"dev", "train"}, {"test", "train"}, {"test", "dev"}};
  for (const auto& [inner, outer] : pairs) {
    if (!corpus.has(inner) || !corpus.has(outer)) continue;
    std::set<std::string> ids;
    for (const auto& dialog : corpus.split(outer).dialogs) ids.insert(dialog.id);
    std::vector<std::string> both;
    for (const auto& dialog : corpus.split(inner).dialogs) {
      if (ids.count(dialog.id) != 0) both.push_back(dialog.id);
    }
    if (both.empty()) continue;
    findings.push_back(std::string(inner) + " OVERLAPS " + outer + ": " + dialogs(both.size()) + " of " +
                       std::to_string(corpus.split(inner).dialogs.size()) + " (" + listed(both) + ") are in both; " + inner +
                       " scores will be too good");
  }
}

void find_empty_splits(const Corpus& corpus, Findings& findings) {
  for (const auto& [name, split] : corpus.splits) {
    if (split.empty()) findings.push_back(name + " is empty");
  }
  for (const auto* name : {"train", "test"}) {
    const auto said = std::any_of(corpus.warnings.begin(), corpus.warnings.end(),
                                  [&](const auto& line) { return line.starts_with(std::string("no ") + name + " split"); });
    if (!corpus.has(name) && !said) findings.push_back(std::string("no ") + name + " split");
  }
}

void find_sessions(const Corpus& corpus, Findings& findings) {
  std::map<std::string, std::set<int>> sessions;
  for (const auto& [name, split] : corpus.splits) {
    for (const auto& dialog : split.dialogs) sessions[name].insert(session(dialog.id));
  }
  if (corpus.has("test")) {
    std::vector<std::string> elsewhere;
    for (const auto& dialog : corpus.test().dialogs) {
      if (session(dialog.id) != 5) elsewhere.push_back(dialog.id);
    }
    if (!elsewhere.empty()) {
      findings.push_back("test is NOT Session 5: " + dialogs(elsewhere.size()) + " of " + std::to_string(corpus.test().dialogs.size()) +
                         " (" + listed(elsewhere) + ") are from other sessions; published results test on Session 5");
    }
  }
  for (const auto* name : {"train", "dev"}) {
    std::string shared;
    for (const int number : sessions[name]) {
      if (number != 0 && sessions["test"].count(number) != 0) shared += (shared.empty() ? "" : ", ") + std::to_string(number);
    }
    if (!shared.empty()) findings.push_back("test shares Session " + shared + " with " + name + ": the same speakers are in both");
  }
}

void find_speakers(const Corpus& corpus, Findings& findings) {
  std::map<std::string, std::size_t> unknown;
  std::vector<std::string> where;
  for (const auto& [name, split] : corpus.splits) {
    for (const auto& dialog : split.dialogs) {
      bool here = false;
      for (const auto& speaker : dialog.speakers) {
        if (speaker == "M" || speaker == "F") continue;
        ++unknown[speaker];
        here = true;
      }
      if (here) where.push_back(dialog.id);
    }
  }
  if (unknown.empty()) return;
  std::vector<std::string> names;
  std::size_t utterances = 0;
  for (const auto& [speaker, count] : unknown) {
    names.push_back("\"" + speaker + "\"");
    utterances += count;
  }
  findings.push_back(std::to_string(utterances) + (utterances == 1 ? " utterance has" : " utterances have") +
                     " a speaker that is neither M nor F: " + listed(names) + ", in " + listed(where));
}

}  // namespace

std::vector<std::string> audit(const Corpus& corpus) {
  Findings findings;
  find_empty_splits(corpus, findings);
  find_duplicates(corpus, findings);
  find_overlaps(corpus, findings);
  if (is_iemocap(corpus)) {
    find_sessions(corpus, findings);
    find_speakers(corpus, findings);
  }
  return findings;
}

}  // namespace merc
