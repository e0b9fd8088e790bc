#include "data/atomic.hpp"
#include "data/labels.hpp"
#include "data/npy.hpp"
#include "data/open_format.hpp"

#include <idcl/pickle/opcode.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace merc {

using idcl::pickle::Op;

namespace {

/// Writes the few opcodes of protocol 4 that a dict of lists of dicts of arrays needs.
class PickleWriter {
 public:
  explicit PickleWriter(std::ostream& out) : out_(out) {
    op(Op::Proto);
    little(4, 1);
    // What every array repeats is written once and fetched from the memo.
    remember_global("numpy.core.multiarray", "_reconstruct", kReconstruct);  // numpy 2 still answers to this name, numpy 1 to no other
    remember_global("numpy", "ndarray", kArray);
    write_dtype();
  }

  void op(Op op) { out_.put(static_cast<char>(op)); }

  void text(std::string_view value) {
    op(Op::BinUnicode);
    little(value.size(), 4);
    out_ << value;
  }

  void integer(std::int64_t value) {
    if (value == static_cast<std::int32_t>(value)) {
      op(Op::BinInt);
      little(static_cast<std::uint64_t>(value), 4);
    } else {
      op(Op::Long1);
      little(8, 1);
      little(static_cast<std::uint64_t>(value), 8);
    }
  }

  /// A list of what `each` writes for every element.
  template <class Range, class F>
  void list(const Range& range, F each) {
    op(Op::EmptyList);
    op(Op::Mark);
    for (const auto& element : range) each(element);
    op(Op::Appends);
  }

  /// _reconstruct(ndarray, (0,), b"b").__setstate__((1, (rows, cols), dtype, False, data))
  void array(const Matrix& matrix) {
    get(kReconstruct);
    get(kArray);
    integer(0);
    op(Op::Tuple1);
    bytes_header(1);
    out_.put('b');
    op(Op::Tuple3);
    op(Op::Reduce);
    op(Op::Mark);
    integer(1);
    integer(matrix.rows);
    integer(matrix.cols);
    op(Op::Tuple2);
    get(kDType);
    op(Op::NewFalse);
    bytes_header(matrix.values.size() * sizeof(float));
    write_floats(out_, matrix.values);
    op(Op::Tuple);
    op(Op::Build);
  }

 private:
  enum Memo : std::uint8_t { kReconstruct, kArray, kDType };

  void little(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_.put(static_cast<char>(value >> (8 * i) & 0xFF));
  }

  void get(Memo memo) {
    op(Op::BinGet);
    little(memo, 1);
  }

  void remember(Memo memo) {
    op(Op::BinPut);
    little(memo, 1);
    op(Op::Pop);
  }

  void remember_global(std::string_view module, std::string_view name, Memo memo) {
    text(module);
    text(name);
    op(Op::StackGlobal);
    remember(memo);
  }

  /// dtype("f4", False, True).__setstate__((3, "<", None, None, None, -1, -1, 0))
  void write_dtype() {
    text("numpy");
    text("dtype");
    op(Op::StackGlobal);
    text("f4");
    op(Op::NewFalse);
    op(Op::NewTrue);
    op(Op::Tuple3);
    op(Op::Reduce);
    op(Op::Mark);
    integer(3);
    text("<");
    for (int i = 0; i < 3; ++i) op(Op::None);
    integer(-1);
    integer(-1);
    integer(0);
    op(Op::Tuple);
    op(Op::Build);
    remember(kDType);
  }

  void bytes_header(std::uint64_t size) {
    op(Op::BinBytes8);
    little(size, 8);
  }

  std::ostream& out_;
};

void write_dialog(PickleWriter& pickle, const Dialog& dialog) {
  pickle.op(Op::EmptyDict);
  pickle.op(Op::Mark);
  pickle.text("vid");
  if (dialog.numbered) {
    pickle.integer(std::stoll(dialog.id));
  } else {
    pickle.text(dialog.id);
  }
  pickle.text("speakers");
  pickle.list(dialog.speakers, [&](const std::string& speaker) { pickle.text(speaker); });
  pickle.text("labels");
  pickle.list(dialog.labels, [&](int label) { pickle.integer(label); });
  for (const auto& [modality, matrix] : dialog.features) {
    pickle.text(modality);
    pickle.array(matrix);
  }
  pickle.text("sentence");
  pickle.list(dialog.sentences, [&](const std::string& sentence) { pickle.text(sentence); });
  pickle.op(Op::SetItems);
}

/// The dialogs of each split, a dev split held out of train where there is none.
std::vector<std::pair<const char*, std::span<const Dialog>>> splits_with_dev(const Corpus& corpus) {
  std::vector<std::pair<const char*, std::span<const Dialog>>> result;
  const auto share = dev_share(corpus);
  for (const std::string_view name : split_names) {
    const bool held_out = name == "dev" && share > 0;
    if (!held_out && !corpus.has(std::string(name))) continue;
    std::span<const Dialog> dialogs = held_out ? corpus.train().dialogs : corpus.split(std::string(name)).dialogs;
    if (held_out) dialogs = dialogs.first(share);
    if (name == "train") dialogs = dialogs.subspan(share);
    result.emplace_back(name.data(), dialogs);
  }
  return result;
}

void write_corpus(std::ostream& out, const Corpus& corpus) {
  PickleWriter pickle(out);
  pickle.op(Op::EmptyDict);
  pickle.op(Op::Mark);
  for (const auto& [name, dialogs] : splits_with_dev(corpus)) {
    pickle.text(name);
    pickle.list(dialogs, [&](const Dialog& dialog) { write_dialog(pickle, dialog); });
  }
  pickle.op(Op::SetItems);
  pickle.op(Op::Stop);
}

}  // namespace

std::vector<std::string> lost_in_corect_pickle(const Corpus& corpus) {
  constexpr std::array<std::string_view, 6> known{"text", "audio", "visual", "text2", "text3", "text4"};
  std::vector<std::string> lost;
  for (const auto& [name, modality] : corpus.modalities)
    if (std::find(known.begin(), known.end(), name) == known.end())
      lost.push_back("programs that read such a pickle do not know the modality `" + name + "`");
  std::int64_t unlabelled = 0, utterances = 0;
  bool timed = false, rated = false;
  for (const auto& [name, split] : corpus.splits)
    for (const auto& dialog : split.dialogs) {
      unlabelled += std::count(dialog.labels.begin(), dialog.labels.end(), -1);
      utterances += dialog.utterances();
      timed = timed || !dialog.times.empty();
      rated = rated || !dialog.vad.empty();
    }
  if (unlabelled > 0)
    lost.push_back(std::to_string(unlabelled) + " of " + std::to_string(utterances) +
                   " utterances have no label, for which such a pickle has no place: they stand there as -1, which its readers refuse");
  if (timed) lost.emplace_back("the times of utterances have no place in such a pickle");
  if (rated) lost.emplace_back("valence, activation and dominance have no place in such a pickle");
  const bool usual = corpus.classes == 4 || corpus.classes == 6 || corpus.classes == 7;
  if (!usual || corpus.label_names != label_names(corpus.classes))
    lost.push_back("the names of the classes have no place in such a pickle, whose readers expect the 4 or 6 of IEMOCAP or the 7 of MELD");
  return lost;
}

void write_corect_pickle(const Corpus& corpus, const std::filesystem::path& path) {
  write_file(path, [&](std::ostream& out) { write_corpus(out, corpus); });
}

}  // namespace merc
