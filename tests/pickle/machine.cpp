#include "pickle/show.hpp"
#include "support/catch.hpp"

#include <idcl/pickle/load.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

using namespace idcl::pickle;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using test::show;

namespace {

const std::filesystem::path fixtures = std::filesystem::path(IDCL_TEST_DATA) / "pickle" / "fixtures";

std::string shown(const std::string& bytes, const Options& options = {}) {
  const auto document = loads(bytes, options);
  return show(document.root);
}

std::string error(const std::string& bytes, const Options& options = {}) {
  try {
    loads(bytes, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("objects written by Python read back, whatever the protocol and the pickler") {
  std::vector<std::string> expected;
  std::ifstream lines(fixtures / "objects.txt");
  for (std::string line; std::getline(lines, line);) expected.push_back(line);
  REQUIRE(!expected.empty());
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("objects_p")) continue;
    INFO(name);
    ++files;
    const auto document = load(entry.path());
    CHECK(document.trailing_bytes == 0);
    const int protocol = name[9] - '0';
    CHECK(document.protocol == (protocol < 2 ? 0 : protocol));
    REQUIRE(document.root.count() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO("object " << i);
      CHECK(show(document.root.items()[i]) == expected[i]);
    }
  }
  CHECK(files >= 6);
}

TEST_CASE("opcodes that only old or other picklers write") {
  CHECK(shown("S'a\\x00\\'\\n\\101'\n.") == "bytes:6100270a41");
  CHECK(shown("S\"it's\"\n.") == "bytes:69742773");
  CHECK(shown("Vcaf\xe9\\u4f60\\U0001f600\n.") == "str:636166c3a9e4bda0f09f9880");
  CHECK(shown("I01\n.") == "True");
  CHECK(shown("I00\n.") == "False");
  CHECK(shown("I-7\n.") == "-7");
  CHECK(shown("L12345678901234567890L\n.") == "bigint");
  CHECK(shown("L-5L\n.") == "-5");
  CHECK(shown("F-1.5e3\n.") == shown("F-1500\n."));
  CHECK(shown("T\x03\x00\x00\x00"
              "abc."s) == "bytes:616263");
  CHECK(shown("U\x03"
              "abc.") == "bytes:616263");
  CHECK(shown("(I1\nI2\nl.") == "[1, 2]");
  CHECK(shown("(I1\nI2\nt.") == "(1, 2)");
  CHECK(shown("(I1\nI2\nd.") == "{1: 2}");
  CHECK(shown("(dI1\nI2\ns.") == "{1: 2}");
  CHECK(shown("I1\n(I2\nI3\n1.") == "1");
  CHECK(shown("I1\nI2\n0.") == "1");
  CHECK(shown("I1\n(0.") == "1");
  CHECK(shown("I1\n2\x86.") == "(1, 1)");
  CHECK(shown("(iany.Sample\nSample\n(dS'vid'\nS'x'\nsb.") == "Sample{bytes:766964: bytes:78}");
  CHECK(shown("(cany.Sample\nSample\no}U\x03vidK\x01sb.") == "Sample{bytes:766964: 1}");
  CHECK(shown("ccopy_reg\n_reconstructor\n(cany\nSample\nc__builtin__\nobject\nNtR}U\x01"
              "aK\x02sb.") == "Sample{bytes:61: 2}");
  CHECK(shown("\x80\x04"
              "cany\nSample\n)}\x92}U\x01"
              "aK\x02sb.") == "Sample{bytes:61: 2}");
  CHECK(shown("c__builtin__\nset\n(](K\x01K\x02K\x01"
              "etR.") == "{1, 1, 2}");
  CHECK(shown("ccollections\nOrderedDict\n(](](K\x01K\x02"
              "e](K\x03K\x04"
              "eetR.") == "{1: 2, 3: 4}");
  CHECK(shown("c_codecs\nencode\n(X\x04\x00\x00\x00\xc3\xa9"
              "abX\x06\x00\x00\x00latin1tR."s) == "bytes:e96162");
  CHECK(shown("]\x98.") == "[]");
}

TEST_CASE("bytes are text in Latin-1, however the file spells them") {
  for (const auto& spelt : {"C\x02"
                            "a\xe9."s,
                            "c_codecs\nencode\n(X\x03\x00\x00\x00"
                            "a\xc3\xa9X\x06\x00\x00\x00latin1tR."s}) {
    const auto document = loads(spelt);
    CHECK(document.root.is_string());
    CHECK(text(document.root) == "a\xc3\xa9");
  }
  const auto dict =
      "}(c_codecs\nencode\n(X\x01\x00\x00\x00"
      "aX\x06\x00\x00\x00latin1tRK\x01u."s;
  const auto document = loads(dict);
  REQUIRE(find(document.root, "a"));
  CHECK(find(document.root, "a")->integer() == 1);
}

TEST_CASE("what follows the pickle is counted, not read") {
  const std::string bytes = "N.junk";
  CHECK(loads(bytes).trailing_bytes == 4);
}

TEST_CASE("persistent ids are taken where the reader asks for them") {
  CHECK_THAT(error("K\x01Q."), Contains("persistent"));
  CHECK(shown("K\x01Q.", {.persistent_ids = true}) == "persistent 1");
  CHECK(shown("Pname\n.", {.persistent_ids = true}) == "persistent str:6e616d65");
}

TEST_CASE("globals that are not on the list are refused by name, before anything else happens") {
  CHECK_THAT(error("cos\nsystem\n(S'exit 97'\ntR."), Contains("os.system") && Contains("at byte 0"));
  CHECK_THAT(error("\x8c\x02os\x8c\x06system\x93."), Contains("os.system"));
  CHECK_THAT(error("(ios\nsystem\n."), Contains("os.system"));
  CHECK_THAT(error("c__builtin__\neval\n."), Contains("__builtin__.eval"));
  CHECK_THAT(error("cnumpy\nload\n."), Contains("numpy.load"));
  CHECK_THAT(error("ctorch.load\nload\n."), Contains("torch.load"));
  CHECK_THAT(error("ctorch.storage\n_load_from_bytes\n."), Contains("torch.storage._load_from_bytes") && Contains("tensor.numpy()"));
  CHECK_THAT(error("c\x1b[31m\nx\n."), Contains("?[31m.x"));
  CHECK_THAT(error("\x82\x01."), Contains("extension"));
}

TEST_CASE("classes that only stand as arguments cannot be called") {
  CHECK_THAT(error("c__builtin__\nlist\n(tR."), Contains("cannot make sense of a call of __builtin__.list"));
  CHECK_THAT(error("cnumpy\nndarray\n(tR."), Contains("numpy.ndarray"));
  CHECK_THAT(error("K\x01)R."), Contains("cannot call a int"));
  CHECK_THAT(error("c__builtin__\nset\nK\x01R."), Contains("not a tuple"));
  CHECK_THAT(error("c_codecs\nencode\n(X\x01\x00\x00\x00"
                   "aX\x05\x00\x00\x00utf-8tR."s),
             Contains("latin1"));
}

TEST_CASE("damage is named with its place") {
  CHECK_THAT(error(""), Contains("empty"));
  CHECK_THAT(error("K\x01"), Contains("without STOP") && Contains("at byte 2"));
  CHECK_THAT(error("."), Contains("stack has none"));
  CHECK_THAT(error("\xff"), Contains("opcode 255 does not exist"));
  CHECK_THAT(error("t."), Contains("mark"));
  CHECK_THAT(error("(\x85."), Contains("needs 1 values"));
  CHECK_THAT(error("]K\x01(s."), Contains("needs 2 values"));
  CHECK_THAT(error("K\x01K\x02"
                   "a."),
             Contains("below them is a int"));
  CHECK_THAT(error("}(K\x01u."), Contains("key but no value"));
  CHECK_THAT(error("h\x09."), Contains("memo entry 9 was never stored"));
  CHECK_THAT(error("j\xff\xff\xff\xff."), Contains("memo entry 4294967295"));
  CHECK_THAT(error("T\xff\xff\xff\xff."), Contains("length -1"));
  CHECK_THAT(error("X\xff\xff\xff\x7f"
                   "abc."),
             Contains("cut short"));
  CHECK_THAT(error("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), Contains("18446744073709551615 bytes"));
  CHECK_THAT(error("\x95\xff\xff\xff\xff\xff\xff\xff\xff."), Contains("frame"));
  CHECK_THAT(error("\x80\x06N."), Contains("protocol 6"));
  CHECK_THAT(error("Sabc\n."), Contains("not in quotes"));
  CHECK_THAT(error("S'a\\xzz'\n."), Contains("escape"));
  CHECK_THAT(error("V\\u12\n."), Contains("escape"));
  CHECK_THAT(error("Inonsense\n."), Contains("not an integer"));
  CHECK_THAT(error("F1.5x\n."), Contains("not a number"));
  CHECK_THAT(error("I1"), Contains("line end"));
  CHECK_THAT(error("(dp0\r\nI1\r\nI2\r\ns."), Contains("CR LF") && Contains("binary"));
  CHECK_THAT(error("\x97."), Contains("out of band"));
  CHECK_THAT(error("K\x01}b."), Contains("state for a int"));
}

TEST_CASE("a small stream cannot take much memory or time") {
  SECTION("memo indices that are far apart cost one entry each") {
    std::string bytes = "N";
    for (int i = 0; i < 1000; ++i) bytes += "r"s + static_cast<char>(i & 0xFF) + static_cast<char>(i >> 8) + "\xff\xff"s;
    CHECK(shown(bytes + "j\x05\x00\xff\xff."s, {.memory = 1 << 20}) == "None");
  }
  SECTION("memo indices that grow by steps do not add up") {
    std::string bytes = "N";
    for (std::uint32_t index = 64; index < 100'000'000; index *= 4) {
      bytes += 'r';
      for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(index >> shift & 0xFF);
    }
    CHECK(shown(bytes + ".", {.memory = 1 << 16}) == "None");
  }
  SECTION("objects beyond the limit are refused") {
    CHECK_THAT(error(std::string(100'000, ']') + ".", {.memory = 1 << 20}), Contains("1 MiB"));
    CHECK_THAT(error(std::string(1'000'000, '(') + ".", {.memory = 1 << 20}), Contains("1 MiB"));
  }
  SECTION("nesting of any depth neither recurses when read nor when it goes") {
    std::string bytes(1'000'000, ']');
    bytes.append(999'999, 'a');
    const auto document = loads(bytes += ".", {.memory = std::size_t{1} << 30});
    CHECK(document.root.is(Kind::List));
  }
  SECTION("a list that holds itself is read and freed") {
    const std::string bytes =
        "]q\x00h\x00"
        "a."s;
    const auto document = loads(bytes);
    CHECK(&document.root.items()[0].items()[0] == &document.root.items()[0]);
  }
  SECTION("sharing is kept, not copied: ten levels of ten references are a hundred values") {
    std::string bytes = "]q\x00"s;
    for (int level = 1; level <= 9; ++level) {
      bytes += "](";
      for (int i = 0; i < 10; ++i) bytes += "h"s + static_cast<char>(level - 1);
      bytes += "eq"s + static_cast<char>(level);
    }
    CHECK(loads(bytes += ".", {.memory = 1 << 16}).root.count() == 10);
  }
}

TEST_CASE("a file that cannot be opened is named") {
  CHECK_THROWS_WITH(load("/nowhere/at/all.pkl"), Contains("/nowhere/at/all.pkl: no such file"));
  CHECK_THROWS_WITH(load(fixtures), Contains("is a folder"));
}

TEST_CASE("the last of equal keys counts, and keys of Python 2 are found") {
  const std::string bytes =
      "}(U\x01"
      "aK\x01X\x01\x00\x00\x00"
      "aK\x02u."s;
  const auto document = loads(bytes);
  REQUIRE(find(document.root, "a") != nullptr);
  CHECK(find(document.root, "a")->integer() == 2);
  CHECK(find(document.root, "b") == nullptr);
}
