#include "data/corpus.hpp"
#include "report/files.hpp"
#include "report/output_folder.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using merc::Existing;
using merc::OutputFolder;

/// A folder that goes away.
struct Scratch {
  fs::path path = fs::temp_directory_path() / ("idcl_output_test_" + std::to_string(::getpid()));
  Scratch() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Scratch() { fs::remove_all(path); }
};

void write(const fs::path& path, const std::string& content) { std::ofstream(path) << content; }

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a file is replaced whole, and nothing else is left") {
  const Scratch scratch;
  merc::replace_file(scratch.path / "a", "old");
  merc::replace_file(scratch.path / "a", "new");
  CHECK(content(scratch.path / "a") == "new");
  CHECK(std::distance(fs::directory_iterator(scratch.path), fs::directory_iterator()) == 1);
  CHECK_THROWS_AS(merc::replace_file(scratch.path / "a" / "b", "x"), merc::DataError);
  CHECK_THROWS_WITH(merc::replace_file("/proc/no_such_place/b", "x"), Contains("/proc/no_such_place/b: cannot"));
}

TEST_CASE("a file of lines grows and can begin anew") {
  const Scratch scratch;
  merc::LineFile lines(scratch.path / "l", "zero\n");
  lines.append("one");
  CHECK(content(scratch.path / "l") == "zero\none\n");
  merc::LineFile(scratch.path / "l", "").append("two");
  CHECK(content(scratch.path / "l") == "two\n");
}

TEST_CASE("an output folder that holds something is refused unless told otherwise") {
  const Scratch scratch;
  const auto run = scratch.path / "deep" / "run";
  {
    OutputFolder folder(run, Existing::Refuse);
    write(folder.path() / "results.json", "first");
    for (const auto how : {Existing::Resume, Existing::Overwrite})
      CHECK_THROWS_WITH(OutputFolder(run, how), Contains("another process is writing there"));
    CHECK(content(run / "results.json") == "first");
  }
  CHECK_THROWS_AS(OutputFolder(run, Existing::Refuse), merc::UsageError);
  CHECK_THROWS_WITH(
      OutputFolder(run, Existing::Refuse),
      run.string() + " exists and is not empty; go on with it by --resume, replace it by --overwrite, or choose another --out");
  CHECK(OutputFolder(run, Existing::Resume).path() == run);
  CHECK(content(run / "results.json") == "first");
}

TEST_CASE("overwriting keeps the old result until the new one is done") {
  const Scratch scratch;
  const auto run = scratch.path / "run";
  {
    write(OutputFolder(run, Existing::Refuse).path() / "results.json", "first");
  }
  write(run / "results.json", "first");
  SECTION("a run that writes nothing changes nothing") {
    {
      OutputFolder folder(run, Existing::Overwrite);
    }
    CHECK(content(run / "results.json") == "first");
  }
  SECTION("a run that breaks leaves the old one beside") {
    {
      OutputFolder folder(run, Existing::Overwrite);
      write(run / "state.pt", "half");
      CHECK(content(folder.previous() / "results.json") == "first");
    }
    CHECK(content(scratch.path / "run.previous" / "results.json") == "first");
  }
  SECTION("a result that is of no use until it is whole goes where it breaks off, and the old one comes back") {
    {
      OutputFolder folder(run, Existing::Overwrite, merc::Unfinished::Removed);
      write(run / "half.npy", "half");
    }
    CHECK(content(run / "results.json") == "first");
    CHECK_FALSE(fs::exists(run / "half.npy"));
    CHECK_FALSE(fs::exists(scratch.path / "run.previous"));
    {
      OutputFolder(scratch.path / "new", Existing::Refuse, merc::Unfinished::Removed).path();
      OutputFolder folder(scratch.path / "new", Existing::Refuse, merc::Unfinished::Removed);
      write(folder.path() / "half.npy", "half");
    }
    CHECK_FALSE(fs::exists(scratch.path / "new"));
  }
  SECTION("a run that is done replaces it") {
    OutputFolder folder(run, Existing::Overwrite);
    write(run / "results.json", "second");
    folder.done();
    CHECK_FALSE(fs::exists(scratch.path / "run.previous"));
    CHECK(content(run / "results.json") == "second");
  }
  SECTION("two broken runs do not lose the result") {
    for (int i = 0; i < 2; ++i) write(OutputFolder(run, Existing::Overwrite).path() / "state.pt", "half");
    CHECK(content(scratch.path / "run.previous" / "results.json") == "first");
  }
}

TEST_CASE("folders of others, files and places that cannot be written are left alone") {
  const Scratch scratch;
  fs::create_directories(scratch.path / "thesis");
  write(scratch.path / "thesis" / "chapter1", "years");
  CHECK_THROWS_WITH(OutputFolder(scratch.path / "thesis", Existing::Overwrite),
                    Contains("was not made by idcl-merc, so --overwrite leaves it alone"));
  write(scratch.path / "file", "x");
  CHECK_THROWS_WITH(OutputFolder(scratch.path / "file", Existing::Overwrite), Contains("exists and is no folder"));
  CHECK_THROWS_AS(OutputFolder("/proc/no_such_place/run", Existing::Refuse), merc::DataError);
  CHECK_THROWS_WITH(OutputFolder("/proc/no_such_place/run", Existing::Refuse), Contains("/proc/no_such_place/run: cannot write there: "));
  CHECK(OutputFolder(scratch.path / "empty" / "", Existing::Refuse).path() == scratch.path / "empty");
  CHECK_FALSE(fs::exists(scratch.path / "empty"));
}
