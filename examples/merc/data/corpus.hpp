#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

/// What a data set of conversations is once it is in memory, whichever file it came from.
namespace merc {

/// Bad data: one clear line that names the file, the place and the remedy. The program ends with status 1.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Rows of features, row-major: values[r * cols + c].
struct Matrix {
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<float> values;

  const float* row(int64_t index) const { return values.data() + index * cols; }
};

/// One conversation: utterance u has speakers[u], labels[u], sentences[u] and row u of each feature matrix.
struct Dialog {
  std::string id;                          ///< "Ses01F_impro01", or the number of a MELD dialog as text
  bool numbered = false;                   ///< the id is a number in its source
  std::vector<std::string> speakers;       ///< "M"/"F"; a one-hot row becomes the index of its one, as text
  std::vector<int> labels;                 ///< in [0, classes); -1 where the corpus has none
  std::vector<std::string> sentences;      ///< UTF-8; empty where the file has none
  std::map<std::string, Matrix> features;  ///< modality -> [utterances, dim]; finite
  std::vector<std::array<double, 2>> times{};  ///< start and end of each utterance in seconds; empty where the source has none
  std::vector<std::array<double, 3>> vad{};    ///< valence, activation, dominance, 1 to 5, of each; empty likewise

  int64_t utterances() const { return static_cast<int64_t>(labels.size()); }
};

/// The figures of one modality over all rows of a split in order, in the values of the source, float64.
struct FeatureFigures {
  double first = 0;
  double last = 0;
  double sum = 0;
  double sum_of_squares = 0;
  int64_t count = 0;  ///< how many values
};

/// A list of dialogs in the order of the source.
struct Split {
  std::vector<Dialog> dialogs;
  std::map<std::string, FeatureFigures> figures;  ///< modality -> figures before the cast to float32

  bool empty() const { return dialogs.empty(); }
  int64_t utterances() const {
    int64_t total = 0;
    for (const auto& dialog : dialogs) total += dialog.utterances();
    return total;
  }
};

/// What a modality is in the source file.
struct Modality {
  int64_t dim = 0;
  std::string dtype;  ///< "float16", "float32", "float64" of the source; "list" of python floats counts as "float64"
};

/// Train, dev and test dialogs with the facts that hold for all of them.
struct Corpus {
  std::string path;
  std::string format;  ///< "corect_dict", "cogmen_sample", "iemocap_tuple9", ..., "open"
  int classes = 0;
  std::vector<std::string> label_names;        ///< one a class; "happy", "sad", ... for IEMOCAP, "neutral", "surprise", ... for MELD
  std::map<std::string, Modality> modalities;  ///< "text", "audio", "visual", "text2", ...
  std::map<std::string, Split> splits;         ///< "train", "dev", "test"; a split that the file lacks is absent
  std::vector<std::string> notes;              ///< what was done while reading, worth a line, no cause for worry
  std::vector<std::string> warnings;           ///< what the user should look at, audit included
  std::string fingerprint;                     ///< 16 hex digits over ids, labels, speakers, sentences and features
  std::string four_way;                        ///< "drop" or "merge" where its four classes were made of six after it was read
  int test_session = 0;                        ///< the session that was held out as test after it was read; 0: none

  bool has(const std::string& split) const { return splits.count(split) != 0; }
  const Split& split(const std::string& name) const {
    const auto found = splits.find(name);
    if (found == splits.end()) throw DataError(path + ": no split named \"" + name + "\"");
    return found->second;
  }
  const Split& train() const { return split("train"); }
  const Split& dev() const { return split("dev"); }
  const Split& test() const { return split("test"); }
};

/// The names of the splits in the order in which they are shown.
inline constexpr std::array<const char*, 3> split_names{"train", "dev", "test"};

/// What cannot be told from a file but must be decided. Each default is what the corpus itself says.
struct ReadOptions {
  bool hap_relabel =
      false;  ///< raw IEMOCAP: count those undecided turns as happy that the community's pickles count (7,433 instead of 7,380)
};

/// Reads a corpus of any known format (a feature pickle, a folder in the open format, ...), told by structure, never by name,
/// with the splits that the file has.
///
/// Features come as float32; values that are not finite are counted, set to 0 and named in `warnings`; the split audit is
/// already in `warnings`. Throws DataError with one line for anything that cannot be read.
Corpus read(const std::filesystem::path& path, const ReadOptions& options = {});

/// `read`, and then `hold_out_dev`: what training starts from.
Corpus load(const std::filesystem::path& path, const ReadOptions& options = {});

/// Makes the dev split of a corpus that has none out of the first tenth of its training dialogs (at least one), which is what
/// the released loaders of such files do, and says so in `notes`. Leaves a corpus with a dev split as it is.
void hold_out_dev(Corpus& corpus);

/// How many training dialogs `hold_out_dev` would take; 0 where there is a dev split.
std::size_t dev_share(const Corpus& corpus);

/// What is odd about the splits: ids in two splits, ids twice, sessions shared by train and test, a test set that is not
/// Session 5 (ids of IEMOCAP only), unknown speakers, missing splits, empty splits. One line each; `read` and `load` have called it.
std::vector<std::string> audit(const Corpus& corpus);

}  // namespace merc
