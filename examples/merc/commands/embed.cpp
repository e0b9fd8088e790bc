#include "commands/command.hpp"
#include "commands/run.hpp"
#include "commands/weights.hpp"
#include "data/atomic.hpp"
#include "data/npy.hpp"
#include "report/files.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace merc::commands {
namespace {

struct Flags {
  std::string out;
  std::vector<std::string> of{"dialogs", "utterances"};
  bool quiet = false, overwrite = false;
};

/// A field of a file whose fields end at tabs and lines.
std::string field(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char letter) { return letter == '\t' || letter == '\n' || letter == '\r'; }, ' ');
  return text;
}

/// Rows of several splits below each other.
void append(std::map<std::string, Matrix>& all, const std::map<std::string, Matrix>& more) {
  for (const auto& [name, rows] : more) {
    auto& matrix = all[name];
    matrix.rows += rows.rows;
    matrix.cols = rows.cols;
    matrix.values.insert(matrix.values.end(), rows.values.begin(), rows.values.end());
  }
}

/// What the rows of either kind are, a line each, as TensorBoard's projector takes them.
struct Ids {
  std::string dialogs = "vid\tsplit\tutterances\n", utterances = "vid\tsplit\tutterance\tspeaker\ttruth\n";

  void add(const std::string& split, const Dialog& dialog) {
    const auto head = field(dialog.id) + '\t' + split + '\t';
    dialogs += head + std::to_string(dialog.utterances()) + '\n';
    for (int64_t u = 0; u < dialog.utterances(); ++u)
      utterances += head + std::to_string(u) + '\t' + field(dialog.speakers.at(u)) + '\t' + std::to_string(dialog.labels.at(u)) + '\n';
  }
};

int run(const WeightsFlags& asked, const Flags& flags) {
  const auto existing = flags.overwrite ? Existing::Overwrite : Existing::Refuse;
  check_output(flags.out, existing);
  const auto model = asked.classifier();
  const auto data = asked.read(flags.quiet);
  Classifier::Embeddings embeddings;
  Ids ids;
  for (const auto& split : asked.splits(data)) {
    const auto more = model.embed(data, split);
    append(embeddings.dialogs, more.dialogs);
    append(embeddings.utterances, more.utterances);
    for (const auto& dialog : data.split(split).dialogs) ids.add(split, dialog);
  }
  OutputFolder folder(flags.out, existing, Unfinished::Removed);
  for (const auto& kind : flags.of) {
    const bool dialogs = kind == "dialogs";
    for (const auto& [name, rows] : dialogs ? embeddings.dialogs : embeddings.utterances)
      write_file(folder.path() / (kind + "." + name + ".npy"), [&](std::ostream& file) {
        file << npy_header(rows.rows, rows.cols);
        write_floats(file, rows.values);
      });
    replace_file(folder.path() / (kind + ".ids.tsv"), dialogs ? ids.dialogs : ids.utterances);
  }
  folder.done();
  if (!flags.quiet) std::cout << "written: " << folder.path().string() << std::endl;
  return success;
}

}  // namespace

Command embed(CLI::App& program) {
  auto* app = program.add_subcommand("embed", "what the encoders say of dialogs and utterances: .npy files and their ids");
  const auto asked = std::make_shared<WeightsFlags>(*app, std::vector<std::string>{});
  const auto flags = std::make_shared<Flags>();
  app->add_option("--of", flags->of, "a row each of what")
      ->delimiter(',')
      ->check(CLI::IsMember({"dialogs", "utterances"}))
      ->capture_default_str();
  app->add_option("--out", flags->out, "folder for dialogs.MODALITY.npy, dialogs.ids.tsv and the same of utterances")
      ->required()
      ->type_name("DIR");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--quiet", flags->quiet, "warnings only");
  return {app, [=] { return run(*asked, *flags); }};
}

}  // namespace merc::commands
