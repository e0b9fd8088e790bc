#include "program.hpp"
#include "support/catch.hpp"

#include <set>

namespace {

using namespace program;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

/// One line on standard error, nothing on standard output, the status.
void check_refused(const Result& result, int status, const std::string& text) {
  CHECK(result.status == status);
  CHECK_THAT(result.err, StartsWith("idcl-merc: "));
  CHECK_THAT(result.err, Contains(text));
  CHECK(lines(result.err) == 1);
  CHECK(result.out.empty());
}

}  // namespace

TEST_CASE("help and version") {
  const auto program = run({"--help"});
  CHECK(program.status == 0);
  for (const std::string command :
       {"inspect", "synth", "convert", "train", "ablate", "sweep", "eval", "predict", "embed", "report", "trajectories"}) {
    CHECK_THAT(program.out, Contains(command));
    const auto help = run({command, "--help"});
    INFO(command);
    CHECK(help.status == 0);
    CHECK(help.err.empty());
    CHECK(lines(help.out) > 3);
  }
  for (const std::string flag : {"--data", "--pretrain-data", "--ablation", "--seed", "--epochs", "--out", "--resume", "--device",
                                 "--threads", "--deterministic", "--quiet", "--num-neighbors", "--temperature", "--preset"})
    CHECK_THAT(run({"train", "--help"}).out, Contains(flag));
  for (const std::string command : {"eval", "predict", "embed"})
    for (const std::string flag : {"--device", "--threads", "--deterministic", "--quiet"})
      CHECK_THAT(run({command, "--help"}).out, Contains(flag));
  CHECK_THAT(run({"--version"}).out, StartsWith("idcl-merc "));
}

TEST_CASE("flags and commands that are none end with status 2 and the one that was meant") {
  check_refused(run({}), 2, "subcommand is required");
  check_refused(run({"trian"}), 2, "unknown command trian (did you mean `train`?); see idcl-merc --help");
  check_refused(run({"train", "--data", "x", "--out", "y", "--epoch", "3"}), 2,
                "unknown flag --epoch (did you mean `epochs`?); see idcl-merc train --help");
  check_refused(run({"train", "--data", "x", "--out", "y", "--epochs=3", "--zzzzzzzz=3"}), 2,
                "unknown flag --zzzzzzzz; see idcl-merc train --help");
  check_refused(run({"train", "--out", "y"}), 2, "--data is required");
  check_refused(run({"train", "--data", "x", "--out", "y", "--epochs", "many"}), 2, "--epochs");
  check_refused(run({"train", "--data", "x", "--out", "y", "--seed", "-1"}), 2, "--seed");
  check_refused(run({"train", "--data", "x", "--out", "y", "--pooling", "max"}), 2, "--pooling");
  check_refused(run({"train", "--data", "x", "--out", "y", "--resume", "--overwrite"}), 2, "excludes");
  check_refused(run({"train", "--data", "x", "--out", "y", "--ablation", "C"}), 2,
                "setting C pre-trains on another corpus: name it by --pretrain-data PATH");
  check_refused(run({"ablate", "--data", "x", "--out", "y", "--settings", "A,C"}), 2,
                "name it by --pretrain-data PATH, or take --settings A,B");
  check_refused(run({"eval", "--data", "x"}), 2, "no weights; name them by --run RUN or --weights FILE");
  check_refused(run({"eval", "--data", "x", "--run", "y", "--threads", "100000"}), 2,
                "--threads: expected a number from 0 to 1024, got 100000");
  check_refused(run({"train", "--data", "x", "--out", "y", "--threads", "100000"}), 2,
                "expected `threads` to be 0 to 1024, but got 100000");
  check_refused(run({"train", "--data", "x", "--out", "y", "--seed", "9223372036854775808"}), 2,
                "--seed: expected a number of 64 bits, got 9223372036854775808");
  check_refused(run({"train", "--data", "x", "--out", "y", "--seed", "many"}), 2, "--seed: expected a number of at least 0, got many; see");
  check_refused(run({"train", "--data", "x", "--out", "y", "--speaker-embedding=maybe"}), 2, "neither true nor false");
  check_refused(run({"synth", "--out", "y", "--seed", "-1"}), 2, "--seed: expected a number of at least 0, got -1");
}

#ifdef __linux__
TEST_CASE("what is said is lost on a full disk, and the program says so") {
  for (const std::string words : {"--version", "train --help"}) {
    const auto result = Process({"-c", "\"$0\" " + words + " > /dev/full", IDCL_MERC}, "/bin/sh").wait();
    CHECK(result.status == 1);
    CHECK_THAT(result.err, Contains("standard output cannot be written"));
  }
}
#endif

TEST_CASE("values that make no sense end with status 2 and the field") {
  const Words train{"train", "--data", "x", "--out", "y"};
  check_refused(run(train + Words{"--temperature", "0"}), 2, "`finetune.temperature` to be finite and positive, but got 0");
  check_refused(run(train + Words{"--temperature", "nan"}), 2, "`finetune.temperature`");
  check_refused(run(train + Words{"--num-neighbors", "0"}), 2, "`finetune.num_neighbors` to be at least 1, but got 0");
  check_refused(run(train + Words{"--hidden", "10", "--heads", "4"}), 2,
                "`model.hidden` to be a multiple of `model.heads` (4), but got 10");
  check_refused(run(train + Words{"--dropout", "1"}), 2, "`model.dropout` to be in [0, 1), but got 1");
  check_refused(run(train + Words{"--modalities", "text,text"}), 2, "names \"text\" twice");
  check_refused(run(train + Words{"--threads", "-2"}), 2, "`threads`");
  check_refused(run({"synth", "--out", "x", "--dialogs", "2"}), 2, "expected at least 3 dialogs, one a split, got 2");
  check_refused(run({"synth", "--out", "x", "--dialogs", "1000000000"}), 2, "expected at most 100000 dialogs, got 1000000000");
  check_refused(run({"synth", "--out", "x", "--difficulty", "0"}), 2, "--difficulty: expected a number above 0, got 0");
  check_refused(run({"ablate", "--data", "x", "--out", "y", "--seeds", "0"}), 2, "--seeds: expected a number of at least 1, got 0;");
  check_refused(run({"train", "--data", "x", "--out", "y", "--seed", "-1"}), 2, "--seed: expected a number of at least 0, got -1;");
  check_refused(run({"synth", "--out", "x", "--dims", "smell=3"}), 2,
                "no modality \"smell\" in this shape; there are: audio, text, visual");
  check_refused(run({"synth", "--out", "x", "--dims", "text=3x"}), 2, "--dims: expected NAME=WIDTH, such as text=64, got text=3x");
}

TEST_CASE("synth --without makes other dialogs of the same world") {
  const Scratch scratch;
  const auto made = [&](const std::string& name, const Words& more) {
    return run(Words{"synth", "--out", (scratch / name).string(), "--dims", "text=4", "--quiet"} + more);
  };
  const auto known = (scratch / "known").string();
  REQUIRE(made("known", {"--dialogs", "12"}).status == 0);
  REQUIRE(made("all", {"--dialogs", "40"}).status == 0);
  REQUIRE(made("others", {"--dialogs", "40", "--without", known}).status == 0);
  const auto ids = [&](const std::string& name) {
    std::set<std::string> found;
    std::istringstream text(content(scratch / name / "dialogs.jsonl"));
    for (std::string line; std::getline(text, line);) found.insert(nlohmann::json::parse(line).at("id"));
    return found;
  };
  auto expected = ids("all");
  for (const auto& id : ids("known")) expected.erase(id);
  CHECK(expected.size() < 40);
  CHECK(ids("others") == expected);
  check_refused(made("none", {"--dialogs", "12", "--without", known}), 1,
                known + ": has all dialogs of the split \"dev\"; ask for more --dialogs");
}

TEST_CASE("a config file holds flags; what is said on the command line wins; unknown keys are refused") {
  const Scratch scratch;
  const auto file = scratch / "run.toml";
  const auto synth = Words{"synth", "--config", file.string(), "--out", (scratch / "c").string(), "--quiet"};
  const auto dialogs = [&] {
    return json(scratch / "c" / "corpus.json").is_object() ? lines(content(scratch / "c" / "dialogs.jsonl")) : 0;
  };

  write(file, "# a comment\ndialogs = 12\nmean-length = 8\ndims = [\"text=4\", \"audio=3\"]\n");
  REQUIRE(run(synth).status == 0);
  CHECK(dialogs() == 12);
  REQUIRE(run(synth + Words{"--dialogs", "9", "--overwrite"}).status == 0);
  CHECK(dialogs() == 9);

  write(file, "mean-length = 8\n[synth]\ndialogs = 7\noverwrite = true\ndims = \"text=4\"\n[train]\nepochs = 3\n");
  REQUIRE(run(synth).status == 0);
  CHECK(dialogs() == 7);

  write(file, "dialgs = 12\n");
  check_refused(run(synth), 2,
                file.string() + ": unknown key `dialgs` (did you mean `dialogs`?); its keys are the flags of idcl-merc synth --help");
  write(file, "[train]\nlearning_rte = 12\n");
  check_refused(run(synth), 2, "unknown key `learning-rte` (did you mean `learning-rate`?)");
  write(file, "[sinth]\ndialogs = 12\n");
  check_refused(run(synth), 2, "no command named [sinth]");
  write(file, "dialogs = many\n");
  check_refused(run(synth), 2, "--dialogs");
  fs::remove(file);
  check_refused(run(synth), 2, file.string());
}

TEST_CASE("files that are no corpus end with status 1 and one line that names them") {
  const Scratch scratch;
  const auto file = scratch / "data.pkl";
  for (const Words& command : {Words{"inspect"}, Words{"train", "--out", (scratch / "run").string(), "--data"}}) {
    check_refused(run(command + Words{file.string()}), 1, file.string());
    write(file, "");
    check_refused(run(command + Words{file.string()}), 1, file.string());
    write(file, "this is no pickle\n");
    check_refused(run(command + Words{file.string()}), 1, file.string());
    fs::remove(file);
    REQUIRE(run(tiny_synth(file)).status == 0);
    fs::resize_file(file, fs::file_size(file) / 2);
    check_refused(run(command + Words{file.string()}), 1, file.string());
    fs::remove(file);
  }
  CHECK_FALSE(fs::exists(scratch / "run"));
}

TEST_CASE("every hostile pickle that must be refused is refused by the program") {
  int refused = 0;
  for (const auto& entry : fs::directory_iterator(std::string(IDCL_TEST_DATA) + "/pickles/hostile")) {
    if (entry.path().extension() != ".json" || json(entry.path())["must"] != "reject") continue;
    auto pickle = entry.path();
    pickle.replace_extension(".pkl");
    INFO(pickle);
    check_refused(run({"inspect", pickle.string()}), 1, pickle.string());
    ++refused;
  }
  CHECK(refused > 0);
}
