#include "merc_data/support.hpp"
#include "support/catch.hpp"

#include "data/inspect.hpp"

#include <idcl/pickle/error.hpp>

#include <sys/resource.h>

#include <map>
#include <random>

using namespace merc;
using namespace merc::test;
using Catch::Matchers::Contains;
using namespace std::string_literals;

TEST_CASE("hostile and damaged files are refused, warned of or accepted, as their sidecars say") {
  const auto files = sidecars(data / "pickles" / "hostile");
  REQUIRE(!files.empty());
  for (const auto& [path, expected] : files) {
    INFO(path.filename().string() << ": " << expected["why"]);
    const auto& must = expected["must"];
    if (must == "reject") {
      const auto error = error_of(path);
      CHECK(error != "no error");
      CHECK(error.starts_with(path.string() + ": "));
      CHECK(error.find('\n') == std::string::npos);
      CHECK(error.size() < path.string().size() + 600);
    } else {
      std::vector<std::string> warnings;
      CHECK_NOTHROW(warnings = read(path).warnings);
      CHECK(warnings.empty() == (must == "accept"));
    }
  }
}

#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory for a while
TEST_CASE("no hostile file takes more than 64 MiB") {
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB on Linux
  };
  for (const auto& [path, expected] : sidecars(data / "pickles" / "hostile")) {
    INFO(path.filename().string());
    const auto before = peak();
    error_of(path);
    CHECK(peak() - before < 64 * 1024);
  }
}
#endif

TEST_CASE("messages name the cause") {
  const std::map<std::string, std::string> causes{
      {"os_system", "os.system"},
      {"stack_global_system", "os.system"},
      {"builtins_eval", "builtins.eval"},
      {"crlf_mangled_p0", "CR LF"},
      {"git_lfs_pointer", "git lfs pull"},
      {"html_page", "web page"},
      {"empty_file", "empty"},
      {"label_too_high", "label 250"},
      {"missing_audio_key", "audio"},
      {"ragged_rows", "row of"},
      {"text_rows_differ", "text has"},
      {"array_object_dtype", "Python objects"},
      {"array_huge_shape", "does not fit"},
      {"plain_int", "seen: int"},
      {"huge_bytearray8", "BYTEARRAY8"},
  };
  for (const auto& [name, cause] : causes) {
    const auto path = data / "pickles" / "hostile" / (name + ".pkl");
    if (std::filesystem::exists(path)) CHECK_THAT(error_of(path), Contains(cause));
  }
  const std::map<std::string, std::string> warnings{
      {"nan_inf_features", "not finite"},   {"dev_inside_train", "OVERLAPS"},
      {"duplicate_id", "more than once"},   {"dialog_without_utterances", "no utterance"},
      {"missing_dev_split", "no dev"},      {"test_not_session5", "Session 5"},
      {"trailing_garbage", "bytes follow"}, {"unknown_speaker", "neither M nor F"},
  };
  for (const auto& [name, warning] : warnings) {
    const auto path = data / "pickles" / "hostile" / (name + ".pkl");
    if (!std::filesystem::exists(path)) continue;
    const auto said = read(path).warnings;
    INFO(name);
    REQUIRE(!said.empty());
    CHECK_THAT(said.front(), Contains(warning));
  }
}

TEST_CASE("what is no feature pickle is recognised") {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& bytes) {
    spit(folder.path / "file", bytes);
    return error_of(folder.path / "file");
  };
  CHECK_THAT(said("\x1f\x8b\x08"), Contains("gzip"));
  CHECK_THAT(said("PK\x03\x04"), Contains("zip archive"));
  CHECK_THAT(said("\x93NUMPY"), Contains("numpy array"));
  CHECK_THAT(said("\x89HDF\r\n"), Contains("HDF5"));
  CHECK_THAT(said("{\"train\": []}"), Contains("JSON"));
  CHECK_THAT(said("\xef\xbb\xbf\n <!DOCTYPE html>"), Contains("web page"));
  CHECK_THAT(said("(S'a'\nI1\nI2\nt."), Contains("seen: tuple of 3"));
  CHECK_THAT(said("}."), Contains("seen: dict of 0"));
  CHECK_THAT(error_of(folder.path / "absent.pkl"), Contains("no such file"));
  std::filesystem::remove(folder.path / "file");
  CHECK_THAT(error_of(folder.path), Contains("folder of no known layout") && Contains("nothing"));
}

TEST_CASE("where no layout fits, the message shows what every member is") {
  CHECK_THAT(
      error_of(data / "merc_data" / "layouts" / "causes.pkl"),
      Contains("seen: tuple of 12 (2 x dict of 10 str -> list of 2 str; dict of 10 str -> list of 2 int; 3 x dict of 10 str -> list of 2 "
               "list; 3 x dict of 10 str -> list of 2 array; dict of 10 str -> list of 2 str; list of 8 str; list of 2 str)"));
}

TEST_CASE("what is not read of a file is said") {
  const auto notes = [](const std::string& name) {
    std::string text;
    for (const auto& note : read(data / "merc_data" / "layouts" / name).notes) text += note + '\n';
    return text;
  };
  CHECK(notes("named_splits.pkl") == "not read: \"all\", which is no split: list of 2 (2 x int)\n");
  CHECK_THAT(notes("graphsmile.pkl"), Contains("not read: member 14, of which it is not known what it is: dict of 1 (\"made\")"));
}

TEST_CASE("of two keys for one split the last is read, and the other is named") {
  const TemporaryFolder folder;
  const auto dialog = [](const std::string& id) {
    return "}(X\x03\x00\x00\x00vidX\x01\x00\x00\x00"s + id + "X\x08\x00\x00\x00speakers]X\x01\x00\x00\x00"s + "Aa" +
           "X\x06\x00\x00\x00labels]K\x05"s + "aX\x04\x00\x00\x00text]](K\x01K\x02"s + "eau"s;
  };
  spit(folder.path / "two.pkl", "\x80\x02}(X\x05\x00\x00\x00train]"s + dialog("a") + "aX\x03\x00\x00\x00"s + "dev]" + dialog("b") +
                                    "aX\x05\x00\x00\x00valid]"s + dialog("c") + "au.");
  const auto corpus = read(folder.path / "two.pkl");
  CHECK(corpus.dev().dialogs.front().id == "c");
  std::string warnings;
  for (const auto& warning : corpus.warnings) warnings += warning + '\n';
  CHECK_THAT(warnings, Contains("not read: \"dev\", as a later key is for the same split: list of 1"));
}

TEST_CASE("the name of a class is shown whatever its bytes are") {
  int tried = 0;
  for (const auto& [path, expected] : sidecars(data / "pickles")) {
    if (expected["format"] != "cogmen_sample") continue;
    INFO(path.filename().string());
    auto bytes = slurp(path);
    const std::string head = "objects of class ", end = "\nSample\n";
    const auto note = read(path).notes.front();
    const auto module = note.substr(head.size(), note.rfind('.') - head.size());
    if (bytes.find("c" + module + end) == std::string::npos) continue;  // GLOBAL is of the older protocols
    for (auto at = bytes.find(module + end); at != std::string::npos; at = bytes.find(module + end))
      bytes.replace(at, module.size(), module.size(), '\xFE');
    const TemporaryFolder folder;
    spit(folder.path / "file.pkl", bytes);
    const auto corpus = read(folder.path / "file.pkl");
    CHECK(corpus.notes.front() == head + std::string(module.size(), '?') + ".Sample");
    CHECK_NOTHROW(inspect_json(corpus).dump());
    ++tried;
  }
  CHECK(tried > 0);
}

TEST_CASE("no damage of a feature pickle ends otherwise than in a corpus or one line") {
  std::mt19937 random(11);
  int refused = 0;
  for (const auto& [path, expected] : sidecars(data / "pickles")) {
    const auto good = slurp(path);
    const TemporaryFolder folder;
    const auto damaged_path = folder.path / "damaged.pkl";
    for (int i = 0; i < 12; ++i) {
      auto damaged = good;
      if (i % 4 == 0) damaged.resize(random() % good.size());
      for (int k = 0; k < 1 + i && !damaged.empty(); ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
      spit(damaged_path, damaged);
      const auto error = error_of(damaged_path);
      refused += error == "no error" ? 0 : 1;
      INFO(path.filename().string());
      CHECK(error.find('\n') == std::string::npos);
    }
  }
  CHECK(refused > 0);
}
