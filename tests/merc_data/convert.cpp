#include "merc_data/support.hpp"
#include "support/catch.hpp"

#include "data/inspect.hpp"
#include "data/open_format.hpp"

#include <idcl/pickle/load.hpp>
#include <idcl/pickle/numpy.hpp>

#include <sys/resource.h>

#include <csignal>

using namespace merc;
using namespace merc::test;
using Catch::Matchers::Contains;

namespace {

void check_equal(const Split& a, const Split& b) {
  REQUIRE(a.dialogs.size() == b.dialogs.size());
  for (std::size_t i = 0; i < a.dialogs.size(); ++i) {
    const auto& x = a.dialogs[i];
    const auto& y = b.dialogs[i];
    CHECK(x.id == y.id);
    CHECK(x.numbered == y.numbered);
    CHECK(x.speakers == y.speakers);
    CHECK(x.labels == y.labels);
    CHECK(x.sentences == y.sentences);
    CHECK(x.times == y.times);
    CHECK(x.vad == y.vad);
    REQUIRE(x.features.size() == y.features.size());
    for (const auto& [modality, matrix] : x.features) {
      CHECK(matrix.rows == y.features.at(modality).rows);
      CHECK(matrix.cols == y.features.at(modality).cols);
      CHECK(matrix.values == y.features.at(modality).values);
    }
  }
}

/// All files of a folder, to see that nothing was left behind.
std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// As long as it lives no file of this process may grow beyond a size, which a full disk looks like from within.
struct SmallDisk {
  rlimit before{};
  explicit SmallDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

Corpus small_corpus() {
  Corpus corpus;
  corpus.format = "synthetic";
  corpus.classes = 6;
  corpus.label_names = {"a", "b", "c", "d", "e", "f"};
  corpus.modalities["text"] = {2, "float32"};
  for (const auto* split : {"train", "test"}) {
    for (int i = 0; i < 3; ++i) {
      Dialog dialog{.id = "d\u00e9" + std::string(split) + std::to_string(i),
                    .speakers = {"A", "B"},
                    .labels = {i, 5},
                    .sentences = {"It's \"so\".", ""},
                    .features = {}};
      dialog.features["text"] = {2, 2, {0.1f, -1e30f, 1e-40f, static_cast<float>(i)}};
      corpus.splits[split].dialogs.push_back(dialog);
    }
  }
  return corpus;
}

}  // namespace

TEST_CASE("every format goes through the open one and comes back the same") {
  for (const auto& folder : {data / "pickles", data / "merc_data" / "layouts"}) {
    for (const auto& [path, expected] : sidecars(folder)) {
      INFO(path.filename().string());
      const TemporaryFolder temporary;
      const auto original = read(path);
      convert(original, temporary.path / "open");
      const auto copy = read(temporary.path / "open");
      CHECK(copy.format == "open");
      CHECK(copy.classes == original.classes);
      CHECK(copy.label_names == original.label_names);
      CHECK(copy.fingerprint == original.fingerprint);
      CHECK(copy.warnings == original.warnings);
      REQUIRE(copy.splits.size() == original.splits.size());
      for (const auto& [name, split] : original.splits) check_equal(split, copy.split(name));
    }
  }
}

TEST_CASE("every format goes into the dict pickle, with a dev split, and comes back the same") {
  for (const auto& [path, expected] : sidecars(data / "pickles")) {
    INFO(path.filename().string());
    const TemporaryFolder temporary;
    const auto original = load(path);
    convert(read(path), temporary.path / "out.pkl");
    const auto copy = read(temporary.path / "out.pkl");
    CHECK(copy.format == "corect_dict");
    REQUIRE(copy.splits.size() == 3);
    for (const auto& [name, split] : original.splits) check_equal(split, copy.split(name));
    CHECK(files_in(temporary.path) == std::vector<std::string>{"out.pkl"});
  }
}

TEST_CASE("a corpus made in memory survives both ways bit by bit") {
  const TemporaryFolder temporary;
  const auto corpus = small_corpus();
  write_open(corpus, temporary.path / "a" / "open");
  for (const auto& [name, split] : corpus.splits) check_equal(split, read(temporary.path / "a" / "open").split(name));
  CHECK(read(temporary.path / "a" / "open").label_names == corpus.label_names);
  write_corect_pickle(corpus, temporary.path / "b" / "c.pkl");
  check_equal(corpus.test(), read(temporary.path / "b" / "c.pkl").test());
}

TEST_CASE("an existing folder is left alone, an existing pickle is replaced") {
  const TemporaryFolder temporary;
  const auto corpus = small_corpus();
  write_open(corpus, temporary.path / "open");
  const auto before = files_in(temporary.path);
  CHECK_THROWS_WITH(write_open(corpus, temporary.path / "open"), Contains("exists already"));
  CHECK(files_in(temporary.path) == before);
  spit(temporary.path / "old.pkl", "old");
  write_corect_pickle(corpus, temporary.path / "old.pkl");
  CHECK(read(temporary.path / "old.pkl").format == "corect_dict");
}

TEST_CASE("what cannot be written is said, and nothing is left behind") {
  const TemporaryFolder temporary;
  spit(temporary.path / "file", "");
  CHECK_THROWS_AS(write_corect_pickle(small_corpus(), temporary.path / "file" / "out.pkl"), DataError);
  CHECK_THROWS_WITH(write_open(small_corpus(), temporary.path / "file" / "open"), Contains("cannot be written"));
  CHECK(files_in(temporary.path) == std::vector<std::string>{"file"});
}

TEST_CASE("a disk that fills up leaves the previous file and nothing half-written") {
  const TemporaryFolder temporary;
  write_corect_pickle(small_corpus(), temporary.path / "out.pkl");
  const auto before = slurp(temporary.path / "out.pkl");
  auto large = small_corpus();
  large.splits["train"].dialogs[0].features["text"] = {2, 1 << 20, std::vector<float>(1 << 21)};
  {
    const SmallDisk disk(64 * 1024);
    CHECK_THROWS_WITH(write_corect_pickle(large, temporary.path / "out.pkl"), Contains("out.pkl: cannot be written: File too large"));
    CHECK_THROWS_WITH(write_open(large, temporary.path / "open"), Contains("cannot be written"));
  }
  CHECK(slurp(temporary.path / "out.pkl") == before);
  CHECK(files_in(temporary.path) == std::vector<std::string>{"out.pkl"});
}

TEST_CASE("the open format as a person may write it") {
  const TemporaryFolder folder;
  const auto npy = [](const std::string& dict, const std::string& bytes) {
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dict.size()) + '\0' + dict + bytes;
  };
  const auto write_rows = [&](const std::string& dict, std::size_t bytes) {
    spit(folder.path / "text.train.npy", npy(dict, std::string(bytes, '\0')));
  };
  const auto lines = [&](const std::string& text) { spit(folder.path / "dialogs.jsonl", text); };
  lines(R"({"id": 7, "split": "train", "speakers": ["A", "B"], "labels": [0, null]}
{"id": "x", "split": "train", "speakers": ["A"]}
)");
  write_rows("{'descr': '<f8', 'fortran_order': True, 'shape': (3, 4), }", 96);
  const auto corpus = read(folder.path);
  REQUIRE(corpus.train().dialogs.size() == 2);
  CHECK(corpus.train().dialogs[0].id == "7");
  CHECK(corpus.train().dialogs[0].labels == std::vector<int>{0, -1});
  CHECK(corpus.train().dialogs[1].labels == std::vector<int>{-1});
  CHECK(corpus.modalities.at("text").dtype == "float64");
  CHECK(corpus.train().dialogs[1].features.at("text").cols == 4);

  write_rows("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }", 32);
  CHECK_THAT(error_of(folder.path), Contains("text.train.npy") && Contains("2 rows"));
  write_rows("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", 32);
  CHECK_THAT(error_of(folder.path), Contains("does not fit"));
  write_rows("{'descr': '|O', 'fortran_order': False, 'shape': (3, 4), }", 48);
  CHECK_THAT(error_of(folder.path), Contains("expected numbers"));
  write_rows("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12);
  CHECK_THAT(error_of(folder.path), Contains("records"));
  spit(folder.path / "text.train.npy", "no");
  CHECK_THAT(error_of(folder.path), Contains("no .npy file"));
  std::filesystem::remove(folder.path / "text.train.npy");
  lines("{\"id\": 1}\n");
  CHECK_THAT(error_of(folder.path), Contains("line 1") && Contains("\"split\""));
  lines("{\"id\": 1, \"split\": \"Train\", \"speakers\": []}\n");
  CHECK_THAT(error_of(folder.path), Contains("\"Train\""));
  lines(R"({"id": 1, "split": "train", "speakers": ["A", "B"], "times": [[0, 1.5]]})");
  CHECK_THAT(error_of(folder.path), Contains("\"times\" is not a list of 2, as many as there are utterances, of 2 numbers each"));
  lines(R"({"id": 1, "split": "train", "speakers": ["A"], "vad": [[2.5, "3", 4]]})");
  CHECK_THAT(error_of(folder.path), Contains("\"vad\" is not a list of 1"));
  lines("\n{broken\n");
  CHECK_THAT(error_of(folder.path), Contains("line 2"));
  lines(R"({"id": 1, "split": "train", "speakers": ["A"], "labels": [9]})");
  CHECK_THAT(error_of(folder.path), Contains("label 9 is out of range"));
  for (const std::string label : {"4294967297", "-4294967295", "18446744073709551615", "-2"}) {
    lines(R"({"id": 1, "split": "train", "speakers": ["A"], "labels": [)" + label + "]}");
    CHECK_THAT(error_of(folder.path), Contains("label " + label + " is out of range"));
  }
  lines(R"({"id": 18446744073709551615, "split": "train", "speakers": ["A"], "labels": [1]})");
  CHECK_THAT(error_of(folder.path), Contains("\"id\" 18446744073709551615 is out of range"));
  lines(R"({"id": 1, "split": "train", "speakers": ["A"], "labels": [1, 2]})");
  CHECK_THAT(error_of(folder.path), Contains("\"labels\""));
}

TEST_CASE("what the dict pickle has no place for is told") {
  Corpus corpus;
  corpus.classes = 3;
  corpus.label_names = {"x", "y", "z"};
  corpus.modalities["gaze"] = {.dim = 2, .dtype = "float32"};
  corpus.splits["train"].dialogs.push_back({.id = "d", .speakers = {"A", "B"}, .labels = {2, -1}, .sentences = {"", ""}, .features = {}});
  corpus.splits["train"].dialogs[0].times.resize(2);
  corpus.splits["train"].dialogs[0].vad.resize(2);
  const auto lost = lost_in_corect_pickle(corpus);
  REQUIRE(lost.size() == 5);
  CHECK_THAT(lost[0], Contains("`gaze`"));
  CHECK_THAT(lost[1], Contains("1 of 2 utterances have no label"));
  CHECK_THAT(lost[2], Contains("times"));
  CHECK_THAT(lost[3], Contains("valence"));
  CHECK_THAT(lost[4], Contains("names of the classes"));
  CHECK(lost_in_corect_pickle(read(data / "pickles" / "corect_p4_numpy1_f64.pkl")).empty());
}
