#include "data/inspect.hpp"

#include "data/figures.hpp"
#include "data/printable.hpp"
#include "data/session.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <map>
#include <sstream>

namespace merc {

using nlohmann::ordered_json;

namespace {

/// A number where the source has one.
ordered_json id_json(const Dialog& dialog) { return dialog.numbered ? ordered_json::parse(dialog.id) : ordered_json(dialog.id); }

/// What a session has of a split.
struct Share {
  std::int64_t dialogs = 0, utterances = 0;
  std::map<int, std::int64_t> labels;
};

/// By session, 0 for dialogs that do not say theirs.
std::map<int, Share> shares_of(const Split& split) {
  std::map<int, Share> shares;
  for (const auto& dialog : split.dialogs) {
    auto& share = shares[session(dialog.id)];
    ++share.dialogs;
    share.utterances += dialog.utterances();
    for (const int label : dialog.labels) ++share.labels[label];
  }
  return shares;
}

ordered_json labels_json(const std::map<int, std::int64_t>& counts) {
  ordered_json labels = ordered_json::object();
  for (const auto& [label, count] : counts) labels[std::to_string(label)] = count;
  return labels;
}

ordered_json sessions_json(const Split& split) {
  ordered_json sessions = ordered_json::object();
  for (const auto& [number, share] : shares_of(split))
    sessions[std::to_string(number)] = {
        {"dialogs", share.dialogs}, {"utterances", share.utterances}, {"labels", labels_json(share.labels)}};
  return sessions;
}

ordered_json split_json(const Split& split) {
  ordered_json ids = ordered_json::array();
  for (const auto& dialog : split.dialogs) ids.push_back(id_json(dialog));
  ordered_json features = ordered_json::object();
  for (const auto& [modality, figures] : split.figures) {
    features[modality] = {
        {"first", figures.first}, {"last", figures.last}, {"sum", figures.sum}, {"sum_of_squares", figures.sum_of_squares}};
  }
  return {{"ids", ids}, {"dialogs", split.dialogs.size()}, {"utterances", split.utterances()}, {"labels", labels_json(count_labels(split))}, {"features", features}};
}

/// Columns of equal width, the first one to the left, the others to the right.
class Table {
 public:
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  void print(std::ostream& out) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows_) {
      std::string line = "  ";
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string space(widths[i] - row[i].size(), ' ');
        line += i == 0 ? row[i] + space : "  " + space + row[i];
      }
      out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// The counts of each class, 0 for one that does not occur, as cells of a row.
void add_counts(std::vector<std::string>& row, const std::map<int, std::int64_t>& counts, int classes) {
  for (int label = 0; label < classes; ++label) row.push_back(std::to_string(counts.count(label) != 0 ? counts.at(label) : 0));
}

void print_modalities(const Corpus& corpus, std::ostream& out) {
  if (corpus.modalities.empty()) {
    out << "\nNo features: labels and sentences alone.\n";
    return;
  }
  out << "\nModalities\n";
  Table table;
  table.row({"", "width", "type", "mean", "mean square"});
  for (const auto& [name, modality] : corpus.modalities) {
    FeatureFigures all;
    for (const auto& [split, content] : corpus.splits) {
      const auto found = content.figures.find(name);
      if (found == content.figures.end()) continue;
      all.sum += found->second.sum;
      all.sum_of_squares += found->second.sum_of_squares;
      all.count += found->second.count;
    }
    const auto per_value = [&](double sum) {
      std::ostringstream text;
      text << std::setprecision(4) << sum / static_cast<double>(std::max<std::int64_t>(all.count, 1));
      return text.str();
    };
    table.row({name, std::to_string(modality.dim), modality.dtype, per_value(all.sum), per_value(all.sum_of_squares)});
  }
  table.print(out);
}

void print_splits(const Corpus& corpus, std::ostream& out) {
  out << "\nSplits\n";
  Table table;
  std::vector<std::string> head{"", "dialogs", "utterances", "longest"};
  head.insert(head.end(), corpus.label_names.begin(), corpus.label_names.end());
  table.row(head);
  for (const auto* name : split_names) {
    if (!corpus.has(name)) continue;
    const auto& split = corpus.split(name);
    std::int64_t longest = 0;
    for (const auto& dialog : split.dialogs) longest = std::max(longest, dialog.utterances());
    std::vector<std::string> row{name, std::to_string(split.dialogs.size()), std::to_string(split.utterances()), std::to_string(longest)};
    add_counts(row, count_labels(split), corpus.classes);
    table.row(row);
  }
  table.print(out);
}

void print_sessions(const Corpus& corpus, std::ostream& out) {
  out << "\nSessions\n";
  Table table;
  std::vector<std::string> head{"", "session", "dialogs", "utterances"};
  head.insert(head.end(), corpus.label_names.begin(), corpus.label_names.end());
  table.row(head);
  for (const auto* name : split_names) {
    if (!corpus.has(name)) continue;
    for (const auto& [number, share] : shares_of(corpus.split(name))) {
      std::vector<std::string> row{name, number == 0 ? "?" : std::to_string(number), std::to_string(share.dialogs),
                                   std::to_string(share.utterances)};
      add_counts(row, share.labels, corpus.classes);
      table.row(row);
    }
  }
  table.print(out);
}

}  // namespace

std::string describe_format(const std::string& format) {
  static const std::map<std::string, std::string> texts{
      {"corect_dict", "dict of lists of dicts, as CORECT, IDCL and nacl-merc use it (SBERT text): the tables of CORECT and IDCL"},
      {"cogmen_sample",
       "dict of lists of Sample objects, as COGMEN, Joyful and dialogue_gcn save it (SBERT text): the tables of COGMEN and Joyful"},
      {"iemocap_tuple9", "tuple of 9, as DialogueRNN, DialogueGCN, MMGCN, MM-DFN and M3NET read it, of other widths by GraphSmile's 4-way"},
      {"meld_tuple9", "tuple of 9 for MELD with sentiment labels (MELD_features_raw), as DialogueRNN and DialogueGCN read it"},
      {"meld_tuple10",
       "tuple of 10 for MELD (MELD_features_raw1), as MMGCN, MM-DFN, M3NET and IDCL's stage 1 read it; text and audio of networks trained "
       "on MELD's labels"},
      {"sdt_tuple12",
       "tuple of 12, as SDT, CFN-ESA, GS-MCC, AMB-DSGDN and ReDiFu read it; text of RoBERTa fine-tuned on IEMOCAP's labels: not comparable "
       "with SBERT results"},
      {"meld_tuple13", "tuple of 13, the MELD twin of SDT's file"},
      {"graphsmile_tuple14", "tuple of 14, GraphSmile's MELD file, sentiment labels after the emotions"},
      {"cosmic_tuple7", "tuple of 7 without features, COSMIC's MELD labels and splits"},
      {"cosmic_list6", "list of 6 without features, COSMIC's IEMOCAP labels and splits"},
      {"cosmic_list10", "list of 10, COSMIC's RoBERTa features of four layers: the tables of COSMIC and M3NET"},
      {"iemocap_tuple9_sentiments", "tuple of 9 in the order of MELD_features_raw, of IEMOCAP's dialogs: of no table that we know"},
      {"iemocap_tuple10", "tuple of 10 in the order of MELD_features_raw1, of IEMOCAP's dialogs: of no table that we know"},
      {"iemocap_tuple13", "tuple of 13 in the order of SDT's MELD file, of IEMOCAP's dialogs: of no table that we know"},
      {"iemocap_tuple14", "tuple of 14 in the order of GraphSmile's MELD file, of IEMOCAP's dialogs: of no table that we know"},
      {"multiemo_folder", "folder of pickles, as MultiEMO reads it"},
      {"meld_csv", "the csv files of MELD: labels and sentences without features"},
      {"iemocap_release", "the raw corpus tree: labels, sentences and times without features"},
      {"open", "the open format: dialogs.jsonl and .npy files"},
  };
  const auto found = texts.find(format);
  return found == texts.end() ? std::string() : found->second;
}

ordered_json inspect_json(const Corpus& corpus) {
  ordered_json modalities = ordered_json::object();
  for (const auto& [name, modality] : corpus.modalities) modalities[name] = {{"dim", modality.dim}, {"dtype", modality.dtype}};
  ordered_json splits = ordered_json::object();
  for (const auto* name : split_names) {
    if (!corpus.has(name)) continue;
    splits[name] = split_json(corpus.split(name));
    if (is_iemocap(corpus)) splits[name]["sessions"] = sessions_json(corpus.split(name));
  }
  return {{"format", corpus.format},
          {"description", describe_format(corpus.format)},
          {"classes", corpus.classes},
          {"label_names", corpus.label_names},
          {"modalities", modalities},
          {"splits", splits},
          {"notes", corpus.notes},
          {"warnings", corpus.warnings},
          {"fingerprint", corpus.fingerprint}};
}

void inspect_table(const Corpus& corpus, std::ostream& out) {
  out << corpus.path << "\n  format " << corpus.format << ": " << describe_format(corpus.format) << "\n  " << corpus.classes
      << " classes, fingerprint " << corpus.fingerprint << '\n';
  print_modalities(corpus, out);
  print_splits(corpus, out);
  if (is_iemocap(corpus)) print_sessions(corpus, out);
  const auto print_lines = [&](const char* title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    out << '\n' << title << '\n';
    for (const auto& line : lines) out << "  " << printable(line) << '\n';
  };
  print_lines("Notes", corpus.notes);
  print_lines("Warnings", corpus.warnings);
  if (corpus.warnings.empty()) out << "\nNothing to warn of.\n";
}

}  // namespace merc
