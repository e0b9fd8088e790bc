#pragma once

/// For LibTorch's data loaders; not part of `idcl/idcl.hpp`, since those headers are heavy.

#include "idcl/core/check.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/data/samplers/base.h>
#include <torch/serialize/archive.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace idcl::data {

/// Options of `MPerClassSampler`.
struct MPerClassOptions {
  /// Elements of an epoch, of which it uses whole batches alone; 0: as many as there are labels.
  int64_t length = 0;
  /// The same seed gives the same batches, epoch by epoch.
  uint64_t seed = 0;
};

/// Batches of m elements from each of batch_size / m classes, as losses over labels want them: every anchor has m - 1 positives.
///
///     auto loader = torch::data::make_data_loader(dataset, idcl::data::MPerClassSampler(labels, 4), torch::data::DataLoaderOptions(64));
///
/// labels: integers [N], the label of each element of the dataset. The classes of a batch are drawn without replacement, and so are the
/// elements of a class, unless it has fewer than m. A batch depends on the seed, the epoch and its number in the epoch alone, so that a
/// saved sampler goes on where it stood. As with LibTorch's own samplers, `reset` begins the next epoch, and a loader resets at its begin.
/// Throws on labels that are no integers, m < 1, and batches that are no multiple of m, need more classes than there are or are longer than
/// an epoch.
class MPerClassSampler : public torch::data::samplers::Sampler<> {
 public:
  explicit MPerClassSampler(const Tensor& labels, int64_t m, const MPerClassOptions& options = {});

  /// Begins the next epoch; `new_size` becomes its length.
  void reset(std::optional<std::size_t> new_size = std::nullopt) override;

  /// The positions of a batch, class by class; nothing once the epoch has no whole batch left.
  std::optional<std::vector<std::size_t>> next(std::size_t batch_size) override;

  /// Seed, epoch and place, not the labels: load into a sampler of the same ones.
  void save(torch::serialize::OutputArchive& archive) const override;
  void load(torch::serialize::InputArchive& archive) override;

  /// Elements of an epoch.
  int64_t length() const { return length_; }
  /// Elements of this epoch that were given out.
  int64_t index() const { return index_; }

 private:
  /// A generator for one batch: splitmix64's steps, so that neighbouring seeds, epochs and places have nothing in common.
  at::Generator generator() const {
    auto state = seed_;
    for (const auto number : {epoch_, index_}) {
      state += 0x9e3779b97f4a7c15 * (static_cast<uint64_t>(number) + 1);
      state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
      state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
      state ^= state >> 31;
    }
    return at::detail::createCPUGenerator(state);
  }

  int64_t m_;
  std::vector<Tensor> classes_;  ///< the positions of each class, int64
  int64_t length_;
  uint64_t seed_;
  int64_t epoch_ = 0, index_ = 0;
};

inline MPerClassSampler::MPerClassSampler(const Tensor& labels, int64_t m, const MPerClassOptions& options)
    : m_(m), length_(options.length), seed_(options.seed) {
  constexpr auto where = "idcl::data::MPerClassSampler";
  TORCH_CHECK(labels.defined() && labels.dim() == 1, where, ": expected `labels` to be 1-D [N], but got ",
              labels.defined() ? c10::str(labels.sizes()) : "an undefined tensor");
  check::labels(where, "labels", labels, labels);
  TORCH_CHECK_VALUE(m >= 1, where, ": expected `m` >= 1, but got ", m);
  TORCH_CHECK_VALUE(options.length >= 0, where, ": expected `length` >= 0, but got ", options.length);
  const auto order = labels.to(at::kCPU, at::kLong).argsort(/*stable=*/true, 0, /*descending=*/false);
  const auto sizes = std::get<2>(at::_unique2(labels.to(at::kCPU), true, false, /*return_counts=*/true));
  for (int64_t c = 0, begin = 0; c < sizes.size(0); ++c) {
    const auto size = sizes[c].item<int64_t>();
    classes_.push_back(order.narrow(0, begin, size));
    begin += size;
  }
  if (length_ == 0) length_ = labels.size(0);
}

inline void MPerClassSampler::reset(std::optional<std::size_t> new_size) {
  if (new_size) length_ = static_cast<int64_t>(*new_size);
  ++epoch_;
  index_ = 0;
}

inline std::optional<std::vector<std::size_t>> MPerClassSampler::next(std::size_t batch_size) {
  constexpr auto where = "idcl::data::MPerClassSampler";
  const auto batch = static_cast<int64_t>(batch_size), count = batch / m_, known = static_cast<int64_t>(classes_.size());
  TORCH_CHECK_VALUE(batch >= 1 && batch % m_ == 0, where, ": expected a batch size that is a multiple of m = ", m_, ", but got ", batch);
  TORCH_CHECK_VALUE(count <= known, where, ": expected a batch of at most ", known, " classes of m = ", m_, ", but got a batch size of ",
                    batch);
  TORCH_CHECK_VALUE(batch <= length_, where, ": expected a batch size of at most `length` = ", length_, ", an epoch, but got ", batch);
  if (index_ + batch > length_) return std::nullopt;
  auto random = generator();
  const auto drawn = at::randperm(known, random, at::kLong).narrow(0, 0, count);
  std::vector<std::size_t> result;
  result.reserve(batch_size);
  for (int64_t c = 0; c < count; ++c) {
    const auto& members = classes_[static_cast<std::size_t>(drawn[c].item<int64_t>())];
    const auto size = members.size(0);
    const auto places = size < m_ ? at::randint(size, {m_}, random, at::kLong) : at::randperm(size, random, at::kLong).narrow(0, 0, m_);
    const auto positions = members.index_select(0, places);
    result.insert(result.end(), positions.const_data_ptr<int64_t>(), positions.const_data_ptr<int64_t>() + m_);
  }
  index_ += batch;
  return result;
}

inline void MPerClassSampler::save(torch::serialize::OutputArchive& archive) const {
  archive.write("seed", at::tensor(static_cast<int64_t>(seed_), at::kLong), /*is_buffer=*/true);
  archive.write("epoch", at::tensor(epoch_, at::kLong), /*is_buffer=*/true);
  archive.write("index", at::tensor(index_, at::kLong), /*is_buffer=*/true);
  archive.write("length", at::tensor(length_, at::kLong), /*is_buffer=*/true);
}

inline void MPerClassSampler::load(torch::serialize::InputArchive& archive) {
  const auto number = [&](const char* name) {
    Tensor value;
    archive.read(name, value, /*is_buffer=*/true);
    return value.item<int64_t>();
  };
  seed_ = static_cast<uint64_t>(number("seed"));
  epoch_ = number("epoch");
  index_ = number("index");
  length_ = number("length");
}

}  // namespace idcl::data
