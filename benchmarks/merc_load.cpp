// Reading a feature pickle of about 100 MB: bytes a second, and the memory that it takes.
//
//   bench_merc_load [--benchmark_filter=...]
//
// The file is the dict pickle of CORECT and IDCL with random float32 features, synthetic, written once to the folder for temporary files and read
// from the page cache after that. pickle: the document alone, as idcl::pickle::load has it. corpus: what the trainer does, with the audit, the
// fingerprint and the copy into float32. heap_over_features is the peak of the heap over the bytes of all features; the file itself is mapped, not
// read into it.

#include "data/corpus.hpp"
#include "data/open_format.hpp"

#include <idcl/pickle/load.hpp>

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <random>

namespace {

namespace fs = std::filesystem;

std::atomic<int64_t> alive = 0, peak = 0;

void* counted(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  const auto now = alive += static_cast<int64_t>(malloc_usable_size(memory));
  for (auto most = peak.load(); now > most && !peak.compare_exchange_weak(most, now);) {
  }
  return memory;
}

void released(void* memory) {
  if (memory != nullptr) alive -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

/// A pickle in a temporary folder, which goes away.
class Pickle {
 public:
  Pickle() {
    std::minstd_rand random(1);
    merc::Corpus corpus;
    corpus.classes = 6;
    const std::pair<const char*, int64_t> modalities[] = {{"text", 768}, {"audio", 100}, {"visual", 512}};
    for (const auto& [name, dim] : modalities) corpus.modalities[name] = {dim, "float32"};
    for (const auto* split : merc::split_names)
      for (int d = 0; d < 126; ++d) {
        auto& dialog = corpus.splits[split].dialogs.emplace_back();
        dialog.id = "Ses0" + std::to_string(split[1] == 'e' && split[0] == 't' ? 5 : 1) + "F_impro" + split + std::to_string(d);
        for (int u = 0; u < 48; ++u) {
          dialog.labels.push_back(u % 6);
          dialog.speakers.emplace_back(u % 2 ? "F" : "M");
          dialog.sentences.emplace_back("a sentence that nobody has said");
        }
        for (const auto& [name, dim] : modalities) {
          merc::Matrix rows{48, dim, std::vector<float>(static_cast<std::size_t>(48 * dim))};
          for (auto& value : rows.values) value = static_cast<float>(random()) / 1e9F - 1;
          features += 4 * rows.rows * rows.cols;
          dialog.features[name] = std::move(rows);
        }
      }
    merc::write_corect_pickle(corpus, path);
  }
  ~Pickle() { fs::remove(path); }

  fs::path path = fs::temp_directory_path() / ("idcl_bench_load_" + std::to_string(::getpid()) + ".pkl");
  int64_t features = 0;  ///< bytes
};

void read(benchmark::State& state, const auto& reader) {
  static const Pickle pickle;
  int64_t most = 0;
  for (auto _ : state) {
    const auto before = alive.load();
    peak = before;
    benchmark::DoNotOptimize(reader(pickle.path));
    most = std::max(most, peak - before);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(fs::file_size(pickle.path)));
  state.counters["file_MB"] = static_cast<double>(fs::file_size(pickle.path)) / 1e6;
  state.counters["heap_over_features"] = static_cast<double>(most) / static_cast<double>(pickle.features);
}

void pickle(benchmark::State& state) {
  read(state, [](const fs::path& path) { return idcl::pickle::load(path); });
}
void corpus(benchmark::State& state) {
  read(state, [](const fs::path& path) { return merc::read(path); });
}

BENCHMARK(pickle)->Unit(benchmark::kMillisecond);
BENCHMARK(corpus)->Unit(benchmark::kMillisecond);

}  // namespace

void* operator new(std::size_t size) { return counted(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}
void operator delete(void* memory) noexcept { released(memory); }
void operator delete(void* memory, std::size_t) noexcept { released(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { released(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { released(memory); }

BENCHMARK_MAIN();
