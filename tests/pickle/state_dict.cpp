#include "support/catch.hpp"

#include <idcl/pickle/half.hpp>
#include <idcl/pickle/state_dict.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <random>

using namespace idcl::pickle;
using Catch::Matchers::Contains;

namespace {

const std::filesystem::path tests = IDCL_TEST_DATA;
const std::filesystem::path fixtures = tests / "pickle" / "fixtures";

template <class T>
std::vector<double> numbers(const std::vector<char>& bytes) {
  std::vector<T> typed(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(typed.data(), bytes.data(), bytes.size());
  return {typed.begin(), typed.end()};
}

std::vector<double> values_of(const TensorView& tensor) {
  std::vector<char> bytes(static_cast<std::size_t>(tensor.elements()) * tensor.element_size);
  tensor.copy_to(bytes.data());
  if (tensor.dtype == "float32") return numbers<float>(bytes);
  if (tensor.dtype == "float64") return numbers<double>(bytes);
  if (tensor.dtype == "float16") return numbers<Half>(bytes);
  if (tensor.dtype == "bfloat16") return numbers<BFloat16>(bytes);
  if (tensor.dtype == "int64") return numbers<std::int64_t>(bytes);
  if (tensor.dtype == "int32") return numbers<std::int32_t>(bytes);
  if (tensor.dtype == "int16") return numbers<std::int16_t>(bytes);
  if (tensor.dtype == "int8") return numbers<std::int8_t>(bytes);
  return numbers<std::uint8_t>(bytes);
}

std::string slurp(const std::filesystem::path& path) { return std::string(File::open(path).bytes()); }

/// Writes bytes to a file that goes with the object.
struct TemporaryFile {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("idcl_state_dict_" + std::to_string(std::random_device{}()) + ".pth");
  explicit TemporaryFile(const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

std::string error_of(const std::string& bytes) {
  const TemporaryFile file(bytes);
  try {
    read_state_dict(file.path);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  REQUIRE(from.size() == to.size());
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("a state dict as a trainer saves it holds the tensors of its plain twin") {
  int pairs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(tests / "golden" / "model")) {
    if (entry.path().extension() != ".pth") continue;
    const auto official = read_state_dict(entry.path());
    CHECK(!official.tensors.empty());
    CHECK(official.skipped.empty());
    auto twin = entry.path();
    twin.replace_filename(entry.path().stem().string() + "_plain.pt");
    if (!std::filesystem::exists(twin)) continue;
    ++pairs;
    const auto plain = read_state_dict(twin);
    REQUIRE(official.tensors.size() == plain.tensors.size());
    for (const auto& tensor : official.tensors) {
      INFO(entry.path().filename() << ", " << tensor.name);
      const auto* other = plain.find(tensor.name);
      REQUIRE(other != nullptr);
      CHECK(tensor.dtype == other->dtype);
      CHECK(tensor.shape == other->shape);
      CHECK(values_of(tensor) == values_of(*other));
    }
  }
  CHECK(pairs > 0);
}

TEST_CASE("views, shared storages, parameters and all types") {
  std::ifstream in(fixtures / "state.json");
  const auto expected = nlohmann::json::parse(in);
  for (const auto* name : {"state.pth", "state_in_checkpoint.pth"}) {
    const auto state = read_state_dict(fixtures / name);
    CHECK(state.skipped == std::vector<std::string>{"number"});
    REQUIRE(state.tensors.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto& tensor = state.tensors[i];
      INFO(name << ", " << tensor.name);
      CHECK(tensor.name == expected[i]["name"]);
      CHECK(tensor.dtype == expected[i]["dtype"]);
      CHECK(tensor.shape == expected[i]["shape"].get<std::vector<std::int64_t>>());
      CHECK(values_of(tensor) == expected[i]["values"].get<std::vector<double>>());
    }
  }
}

TEST_CASE("archives of the other byte order are turned round") {
  const auto state = read_state_dict(fixtures / "state.pth");
  auto tensor = *state.find("i64");
  const auto straight = values_of(tensor);
  std::string reversed(tensor.storage);
  for (std::size_t i = 0; i < reversed.size(); i += 8)
    std::reverse(reversed.begin() + static_cast<std::ptrdiff_t>(i), reversed.begin() + static_cast<std::ptrdiff_t>(i + 8));
  tensor.storage = reversed;
  tensor.swapped = true;
  CHECK(values_of(tensor) == straight);
}

TEST_CASE("what is no state dict is refused with its name and the way out") {
  CHECK_THROWS_WITH(read_state_dict(fixtures / "nothing.pth"), Contains("nothing.pth: no such file"));
  CHECK_THROWS_WITH(read_state_dict(fixtures / "state_legacy.pth"), Contains("before 1.6"));
  CHECK_THROWS_WITH(read_state_dict(fixtures / "arrays_p4.pkl"), Contains("no zip archive"));
  const auto good = slurp(fixtures / "state.pth");
  CHECK(error_of(good) == "no error");
  CHECK_THAT(error_of(good.substr(0, good.size() / 2)), Contains("no end record"));
  CHECK_THAT(error_of(replaced(good, "data.pkl", "data.pkz")), Contains("no data.pkl"));
  CHECK_THAT(error_of(replaced(good, "/data/0", "/data/9")), Contains("no record"));
}

TEST_CASE("damage inside of an archive is found") {
  const auto good = slurp(fixtures / "state.pth");
  const auto state = read_state_dict(fixtures / "state.pth");
  auto damaged = good;
  damaged[good.find(state.find("whole")->storage)] ^= 1;
  CHECK_THAT(error_of(damaged), Contains("checksum"));
}

TEST_CASE("a zip directory that lies is refused") {
  const auto good = slurp(fixtures / "state.pth");
  const auto directory = good.find("PK\x01\x02");
  REQUIRE(directory != std::string::npos);
  const auto with = [&](std::size_t at, std::string_view bytes) {
    auto changed = good;
    changed.replace(at, bytes.size(), bytes);
    return error_of(changed);
  };
  CHECK_THAT(with(directory + 8, "\x01"), Contains("encrypted"));
  CHECK_THAT(with(directory + 10, "\x08"), Contains("compressed"));
  CHECK_THAT(with(directory + 42, "\xf0\xff\xff\x7f"), Contains("beyond the end"));
  CHECK_THAT(with(directory + 20, "\xf0\xff\xff\x7f\xf0\xff\xff\x7f"), Contains("are left"));
  const auto end = good.rfind("PK\x05\x06");
  CHECK_THAT(with(end + 10, "\xf0\x7f"), Contains("does not fit") || Contains("zip64"));
}

TEST_CASE("no damage of an archive ends otherwise than in a result or an Error") {
  const auto good = slurp(fixtures / "state.pth");
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    auto damaged = good;
    if (i % 3 == 0) damaged.resize(random() % good.size());
    for (int k = 0; k < 1 + i % 4 && !damaged.empty(); ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    const TemporaryFile file(damaged);
    try {
      const auto state = read_state_dict(file.path);
      for (const auto& tensor : state.tensors) values_of(tensor);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("zip checksums are those of zip") {
  CHECK(crc32("123456789") == 0xCBF43926u);
  CHECK(crc32("") == 0);
}
